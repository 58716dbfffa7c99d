/** The page's look. Colours have a contrast of at least 4.5 to 1 for text, in light and dark. */
const light = `
  --ground: #f6f7f8; --surface: #ffffff; --ink: #1b2127; --muted: #57626d; --line: #dde2e7; --accent: #005a9c;
  --accent-soft: #e3eff8; --right: #00694b; --wrong: #a83a00; --heat: #08519c; --strong-ink: #ffffff;
  --convolution: #0072b2; --pooling: #a87400; --dense: #7a5195; --normalization: #00805d; --activation: #c94f00;
  color-scheme: light;`;
const dark = `
  --ground: #0f1419; --surface: #171e25; --ink: #e7ecf1; --muted: #a3afbb; --line: #2c3742; --accent: #7cc0f5;
  --accent-soft: #17314a; --right: #4fd1a5; --wrong: #ff9d66; --heat: #6fb7f2; --strong-ink: #0b1117;
  --convolution: #56b4e9; --pooling: #f0b93a; --dense: #b79bd6; --normalization: #2fc49a; --activation: #f0883e;
  color-scheme: dark;`;

export const style = `
:root {${light} }
@media (prefers-color-scheme: dark) { :root {${dark} } }
:root[data-theme='light'] {${light} }
:root[data-theme='dark'] {${dark} }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5; font-size: 16px;
  font-family: ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 0 24px 48px; }
h1 { font-size: clamp(1.5rem, 1.1rem + 1.6vw, 2.2rem); line-height: 1.2; margin: 0; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 4px; letter-spacing: -0.01em; }
h3 { font-size: 1rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 75ch; }
.lead { color: var(--muted); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 8px; top: -60px; background: var(--surface); color: var(--accent); padding: 8px 12px; z-index: 20; }
.skip:focus { top: 8px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.top { display: flex; justify-content: space-between; align-items: start; gap: 16px; padding: 32px 0 16px; }
.about { color: var(--muted); margin: 6px 0 0; }
button, select, input { font: inherit; color: inherit; }
a { color: var(--accent); }
.live .choice { margin-bottom: 0; }
.loads { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.loads .bars { margin-top: 12px; }
button { cursor: pointer; }
.theme, .small, .action { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 6px 14px; min-height: 36px; }
.small { padding: 0 10px; min-height: 28px; min-width: 32px; font-size: 0.875rem; }
.theme:hover, .small:hover, .action:hover { border-color: var(--accent); color: var(--accent); }
.action.danger { border-color: var(--wrong); color: var(--wrong); }
.tabs { position: sticky; top: 0; z-index: 10; background: var(--ground); border-bottom: 1px solid var(--line); margin: 0 -24px 24px; padding: 0 24px; }
[role='tablist'] { display: flex; gap: 2px; overflow-x: auto; scrollbar-width: none; }
[role='tab'] { background: none; border: 0; border-bottom: 3px solid transparent; padding: 12px 14px 9px; color: var(--muted); white-space: nowrap; }
[role='tab']:hover { color: var(--ink); }
[role='tab'][aria-selected='true'] { color: var(--accent); border-bottom-color: var(--accent); font-weight: 600; }
[role='tab']:focus-visible { outline-offset: -3px; }
.panel:focus-visible { outline-offset: 6px; }
.part { margin: 0 0 40px; }
.part > .lead { margin-bottom: 16px; }
.grid { display: grid; gap: 16px; }
.grid > * { min-width: 0; }
.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.four { grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(46%, 170px), 1fr)); gap: 12px; margin: 12px 0 0; }
.tile, .chart, .card, .explained, .notes { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 12px 16px; }
.tile dt { color: var(--muted); font-size: 0.875rem; }
.tile dd { margin: 2px 0 0; display: flex; flex-direction: column; }
.tile .value { font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; letter-spacing: -0.01em; }
.tile .note { font-size: 0.8125rem; color: var(--muted); }
.notes { margin: 0 0 32px; padding: 14px 16px 14px 34px; border-left: 4px solid var(--activation); }
figure { margin: 0; }
.chart { padding: 14px 16px 12px; }
.chart figcaption { display: flex; justify-content: space-between; align-items: center; gap: 8px; min-height: 30px; margin-bottom: 8px; }
.tools { display: flex; gap: 4px; }
.plot { width: 100%; }
.values { margin-top: 4px; font-size: 0.875rem; color: var(--muted); }
.values summary { cursor: pointer; padding: 4px 0; width: fit-content; }
.values[open] .scroll { max-height: 280px; margin-top: 6px; color: var(--ink); }
.scroll { overflow: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: start; border-bottom: 1px solid var(--line); vertical-align: top; }
.scroll > table:not(.confusion):not(.pictures) { min-width: min(100%, 480px); background: var(--surface); font-size: 0.9375rem; }
thead th { font-weight: 600; color: var(--muted); white-space: nowrap; }
tbody th { font-weight: 500; }
td { overflow-wrap: anywhere; }
td.number, .number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; }
.sort { background: none; border: 0; padding: 0; font-weight: 600; }
.sort:hover { color: var(--accent); }
th[aria-sort='ascending'] .sort::after { content: ' ↑'; }
th[aria-sort='descending'] .sort::after { content: ' ↓'; }
.card { padding: 16px; }
.card table { width: 100%; margin-top: 8px; }
.card thead { display: none; }
.card tbody th { color: var(--muted); width: 38%; padding-left: 0; }
.choice { display: inline-flex; align-items: center; gap: 10px; margin: 0 20px 14px 0; }
.choice span { color: var(--muted); font-size: 0.9375rem; }
select, input[type='search'] { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 6px 10px; min-height: 36px; max-width: 260px; }
.confusion { border-collapse: separate; border-spacing: 2px; }
.confusion th, .confusion td { border: 0; padding: 0; }
.confusion tbody th { padding-inline-end: 10px; max-width: 150px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: middle; text-align: end; font-size: 0.875rem; }
.confusion thead th { height: 96px; vertical-align: bottom; }
.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 96px; overflow: hidden; text-overflow: ellipsis; display: inline-block; font-size: 0.875rem; }
.cell { --share: 0%; width: 46px; height: 40px; border: 1px solid var(--line); border-radius: 5px; padding: 0; font-variant-numeric: tabular-nums; font-size: 0.875rem;
  background: color-mix(in srgb, var(--heat) var(--share), var(--surface)); }
.cell.strong { color: var(--strong-ink); font-weight: 600; background: color-mix(in srgb, var(--heat) max(var(--share), 78%), var(--surface)); }
.cell:hover { border-color: var(--accent); }
.diagonal .cell { border-width: 2px; border-color: var(--muted); }
.dense .cell { width: 26px; height: 24px; font-size: 0.6875rem; border-radius: 3px; }
.matrix { display: grid; gap: 24px; grid-template-columns: minmax(0, auto) minmax(0, 1fr); }
.gallery { min-height: 190px; }
.samples { display: flex; flex-wrap: wrap; gap: 14px 12px; }
.sample { width: 104px; } .sample.wide { width: 256px; }
.sample figcaption { display: flex; flex-direction: column; font-size: 0.8125rem; line-height: 1.3; margin-top: 4px; overflow-wrap: anywhere; }
.picture { display: inline-block; background-color: var(--line); background-repeat: no-repeat; border-radius: 4px; vertical-align: top; }
.truth { font-weight: 600; }
.right { color: var(--right); } .wrong { color: var(--wrong); }
.pictures { display: flex; flex-wrap: wrap; gap: 4px; }
table.pictures { display: table; }
table.pictures td, table.pictures th { border: 0; padding: 3px 4px; vertical-align: middle; }
table.pictures td:nth-child(2) { padding-inline-end: 18px; }
.filters { display: flex; flex-wrap: wrap; gap: 10px; }
.filters.rows { flex-direction: column; gap: 4px; overflow-x: auto; }
.filters.rows .filter { display: flex; flex-direction: row-reverse; justify-content: flex-end; align-items: center; gap: 8px; }
.filters.rows .pictures { flex-wrap: nowrap; }
.filter figcaption { font-size: 0.75rem; color: var(--muted); text-align: center; min-width: 1.8em; }
.exciting { margin: 0 0 16px; } .exciting h3 { margin-bottom: 6px; font-size: 0.9375rem; }
.chooser { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 16px; }
.choose { padding: 3px; border: 2px solid var(--line); border-radius: 10px; background: var(--surface); line-height: 0; }
.choose[aria-pressed='true'] { border-color: var(--accent); }
.choose img, .large { width: 72px; height: 72px; object-fit: contain; image-rendering: pixelated; border-radius: 6px; }
.large { width: 168px; height: 168px; background: var(--line); }
.says { display: flex; flex-wrap: wrap; gap: 24px; margin-bottom: 20px; }
.bars { list-style: none; padding: 0; margin: 0 0 16px; display: grid; gap: 6px; }
.bars li { display: grid; grid-template-columns: minmax(80px, 140px) 140px 60px; gap: 10px; align-items: center; font-size: 0.9375rem; }
.meter { background: var(--line); height: 12px; border-radius: 6px; overflow: hidden; }
.meter span { display: block; height: 100%; background: var(--accent); }
.explained { padding: 12px; }
.over { position: relative; aspect-ratio: 1; background: var(--line); border-radius: 8px; overflow: hidden; }
.over img, .over canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated; }
.over canvas.map { image-rendering: auto; } .over canvas.sharp { image-rendering: pixelated; }
.explained figcaption { margin-top: 10px; font-size: 0.9375rem; } .explained p { font-size: 0.8125rem; color: var(--muted); margin: 4px 0 8px; }
.scale { display: flex; align-items: center; gap: 8px; font-size: 0.75rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.scale .bar { flex: 1; height: 8px; border-radius: 4px; }
.network { display: flex; gap: 0; max-height: 640px; background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 12px; }
.network svg { flex: none; }
.network ol { list-style: none; margin: 0; padding: 0; flex: 1; min-width: 520px; }
.layer { height: 54px; display: grid; grid-template-columns: minmax(260px, 1fr) 120px 130px; gap: 16px; align-items: center; --tone: var(--muted); }
.box { border-inline-start: 5px solid var(--tone); background: color-mix(in srgb, var(--tone) 9%, var(--surface)); border-radius: 6px; padding: 4px 12px; height: 46px; overflow: hidden; display: grid; grid-template-columns: auto 1fr; column-gap: 10px; align-content: center; line-height: 1.25; }
.box .kind { color: var(--muted); font-size: 0.875rem; }
.box .details { grid-column: 1 / -1; color: var(--muted); font-size: 0.8125rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.layer .shape, .layer .count { font-variant-numeric: tabular-nums; font-size: 0.875rem; }
.layer .count { text-align: end; }
.layer .share { display: block; height: 4px; background: var(--tone); border-radius: 2px; margin-inline-start: auto; }
.convolution { --tone: var(--convolution) !important; } .pooling { --tone: var(--pooling) !important; } .dense:not(table) { --tone: var(--dense) !important; }
.normalization { --tone: var(--normalization) !important; } .activation { --tone: var(--activation) !important; }
.steps { display: flex; gap: 16px; align-items: center; margin-bottom: 20px; }
.steps .large { width: 112px; height: 112px; flex: none; }
.line { display: flex; gap: 8px; padding: 6px; }
.step { --tone: var(--muted); flex: none; text-align: start; display: flex; flex-direction: column; min-width: 118px; padding: 8px 12px; border: 1px solid var(--line); border-top: 4px solid var(--tone); border-radius: 8px; background: var(--surface); font-size: 0.8125rem; line-height: 1.35; }
.step span { color: var(--muted); white-space: nowrap; } .step strong { font-size: 0.9375rem; white-space: nowrap; }
.step[aria-pressed='true'] { border-color: var(--accent); background: var(--accent-soft); }
.detail { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 20px; min-height: 420px; }
.detail h3 { font-size: 1.125rem; margin-bottom: 6px; }
.fields { display: flex; flex-wrap: wrap; gap: 28px; align-items: flex-start; }
.fields figcaption { font-weight: 600; margin-bottom: 8px; }
.field { position: relative; max-width: 100%; background: var(--line); cursor: crosshair; touch-action: none; }
.padded { background: repeating-linear-gradient(45deg, var(--line) 0 4px, var(--surface) 4px 8px); }
.map-canvas { position: absolute; image-rendering: pixelated; }
.frame { position: absolute; border: 2px solid #fff; outline: 2px solid #b3261e; pointer-events: none; min-width: 6px; min-height: 6px; }
.sum-box { flex: 1; min-width: min(100%, 300px); }
.result { font-size: 1.125rem; font-variant-numeric: tabular-nums; }
.matrices { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; }
.numbers table { font-size: 0.75rem; } .numbers figcaption { font-size: 0.8125rem; margin-bottom: 4px; }
.numbers td { --share: 0%; border: 1px solid var(--line); padding: 4px 6px; min-width: 48px; text-align: end; overflow-wrap: normal; background: color-mix(in srgb, var(--tone) var(--share), var(--surface)); }
.numbers .positive { --tone: var(--pooling); } .numbers .negative { --tone: var(--convolution); }
.numbers .beyond { color: var(--muted); background: repeating-linear-gradient(45deg, var(--line) 0 3px, var(--surface) 3px 6px); }
.sign { font-size: 1.25rem; color: var(--muted); }
.formula { margin: 12px 0 0; font-variant-numeric: tabular-nums; }
.contributions { font-size: 0.875rem; } .contributions th, .contributions td { padding: 3px 10px; }
.tip { display: flex; gap: 8px; align-items: center; }
.live { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; margin-bottom: 20px; }
.progress { flex: 1; min-width: 200px; height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
.progress span { display: block; height: 100%; background: var(--accent); width: 0; }
.runs td svg { vertical-align: middle; }
footer { color: var(--muted); font-size: 0.875rem; border-top: 1px solid var(--line); padding-top: 16px; margin-top: 40px; }
@media (max-width: 1000px) { .matrix { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  main { padding: 0 16px 32px; } .tabs { margin: 0 -16px 20px; padding: 0 8px; } .top { padding-top: 20px; }
  .chart { padding: 12px; } .detail { padding: 14px; } .steps { flex-direction: column; align-items: flex-start; } .steps .line { width: 100%; }
  .bars li { grid-template-columns: 90px 1fr 56px; } .samples { gap: 12px 8px; } .fields { gap: 18px; } .numbers td { min-width: 44px; padding: 3px 4px; font-size: 0.75rem; }
  .network ol { min-width: 260px; }
  .layer { grid-template-columns: minmax(0, 1fr) 92px; gap: 0 8px; height: 54px; grid-auto-rows: min-content; align-content: center; } .layer .box { grid-row: 1 / 3; } .layer .shape { font-size: 0.75rem; text-align: end; align-self: end; } .layer .count { font-size: 0.75rem; } .tile .value { font-size: 1.25rem; }
}
@media (prefers-reduced-motion: no-preference) { .progress span { transition: width 0.3s; } }
@media print { .tabs, .theme, .tools, .values { display: none; } }
`;
