import type { HistogramLine, LayerReport, NetworkReport, RunReport } from '../types.js';
import { axis, chart } from './chart.js';
import { choice, fill, h, section, shown } from './dom.js';
import { picture } from './pictures.js';
import { colors } from './theme.js';

/** The network: its layers, filters, and the distribution of its weights. */
export function networkView({ network, histograms }: RunReport): HTMLElement {
  const weights =
    histograms.length === 0 ? null : section('Weights', histogramText(histograms), histogramsOf(histograms));
  if (network === undefined)
    return h('div', {}, section('Network', 'The run has not written its network yet.'), weights);
  return h(
    'div',
    {},
    section(
      'Layers',
      `${network.name}: ${shown(network.parameters)} parameters, ${shown(network.trainableParameters)} of them trainable; ${shown(network.multiplyAdds)} multiply-adds for one image. Data flow from top to bottom. A line at the left is a connection that passes layers over.`,
      graph(network),
    ),
    network.filters.length === 0
      ? null
      : section(
          'Filters',
          'Grey is a weight of 0; white and black are the largest weights of the filter. A kernel over red, green and blue is shown in colour.',
          filters(network),
        ),
    weights,
  );
}

const lane = 14;
const rowHeight = 54;

/** The layers from top to bottom, with the connections that pass others over in lanes at the left. */
function graph({ layers }: NetworkReport): HTMLElement {
  const most = Math.max(1, ...layers.map(({ parameters }) => parameters));
  const arcs: { readonly from: number; readonly to: number; readonly lane: number }[] = [];
  const ends: number[] = [];
  for (const [to, { inputs }] of layers.entries()) {
    for (const from of inputs) {
      if (to - from <= 1) continue;
      let free = ends.findIndex((end) => end <= from);
      if (free < 0) free = ends.length;
      ends[free] = to;
      arcs.push({ from, to, lane: free });
    }
  }
  const width = ends.length === 0 ? 0 : lane * ends.length + 16;
  const palette = colors(6);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('width', String(width));
  svg.setAttribute('height', String(layers.length * rowHeight));
  svg.setAttribute('aria-hidden', 'true');
  for (const arc of arcs) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const x = width - 10 - lane * (arc.lane + 1);
    const [top, bottom] = [(arc.from + 0.5) * rowHeight, (arc.to + 0.5) * rowHeight];
    const round = 8;
    path.setAttribute(
      'd',
      `M${width} ${top} H${x + round} Q${x} ${top} ${x} ${top + round} V${bottom - round} Q${x} ${bottom} ${x + round} ${bottom} H${width}`,
    );
    path.setAttribute('stroke', palette[arc.lane % palette.length] ?? '');
    path.setAttribute('fill', 'none');
    path.setAttribute('stroke-width', '2');
    svg.append(path);
  }
  const described = (layer: LayerReport): string => {
    const from = layer.inputs.map((place) => layers[place]?.name ?? '').join(' and ');
    return layer.inputs.length > 1 ? `joins ${from}` : layer.details;
  };
  return h(
    'div',
    { class: 'scroll network', tabindex: 0, role: 'region', 'aria-label': 'Layers of the network' },
    width === 0 ? null : (svg as unknown as HTMLElement),
    h(
      'ol',
      {},
      layers.map((layer) =>
        h(
          'li',
          { class: `layer ${familyOf(layer.type)}` },
          h(
            'div',
            { class: 'box' },
            h('strong', {}, layer.name),
            h('span', { class: 'kind' }, layer.type),
            h('span', { class: 'details' }, described(layer)),
          ),
          h('span', { class: 'shape', title: 'output' }, layer.shape.join(' × ')),
          h(
            'span',
            { class: 'count' },
            layer.parameters === 0 ? '' : `${shown(layer.parameters)}${layer.trainable ? '' : ' frozen'}`,
            h('span', { class: 'share', 'aria-hidden': true, style: { width: `${(100 * layer.parameters) / most}%` } }),
          ),
        ),
      ),
    ),
  );
}

/** What a layer is for, by which it is coloured. */
export function familyOf(type: string): string {
  if (/Conv/.test(type)) return 'convolution';
  if (/Pool/.test(type)) return 'pooling';
  if (/Dense|Attention/.test(type)) return 'dense';
  if (/Norm/.test(type)) return 'normalization';
  if (/ReLU|Activation|Softmax|Swish|Gelu/i.test(type)) return 'activation';
  return 'plain';
}

const firstFilters = 128;

function filters({ filters: list }: NetworkReport): HTMLElement {
  const box = h('div');
  const draw = (index: number): void => {
    const own = list[index];
    if (own === undefined) return;
    const { sheet, shape, perFilter } = own;
    const side = perFilter > 1 ? 40 : 56;
    const count = Math.min(sheet.count, firstFilters * perFilter);
    const all = shape.at(-1) ?? 0;
    const groups = Array.from({ length: Math.ceil(count / perFilter) }, (_, filter) =>
      h(
        'figure',
        { class: 'filter' },
        h(
          'div',
          { class: 'pictures' },
          Array.from({ length: Math.min(perFilter, sheet.count - filter * perFilter) }, (_, input) =>
            picture(
              sheet,
              filter * perFilter + input,
              side,
              `filter ${filter}${perFilter > 1 ? `, input channel ${input}` : ''}`,
            ),
          ),
        ),
        h('figcaption', {}, filter),
      ),
    );
    fill(
      box,
      h(
        'p',
        { class: 'lead' },
        `${all} filters of ${shape.slice(0, 3).join(' × ')}${groups.length < all ? `; the first ${groups.length} are shown` : ''}${perFilter > 1 ? `; a row is a filter, a column an input channel` : ''}.`,
      ),
      h('div', { class: perFilter > 1 ? 'filters rows' : 'filters' }, groups),
    );
  };
  draw(0);
  return h(
    'div',
    {},
    choice(
      'Layer',
      list.map(({ layer }, index) => [String(index), layer]),
      (value) => draw(Number(value)),
    ),
    box,
  );
}

function histogramText(lines: readonly HistogramLine[]): string {
  return lines.length === 1 && lines[0]?.epoch === 0
    ? 'How the weights are distributed at the end of the run. --histograms, --tensorboard and --dashboard record them and the gradients after each epoch.'
    : 'How weights and gradients are distributed after each epoch: a line for each epoch, the darkest is the last. Gradients are those of the last batch, of its first shard.';
}

function histogramsOf(lines: readonly HistogramLine[]): HTMLElement {
  const names = Object.keys(lines.at(-1)?.weights ?? {});
  const box = h('div', { class: 'grid two' });
  const draw = (name: string): void =>
    fill(
      box,
      histogram(`Weights of ${name}`, lines, (line) => line.weights[name]),
      lines.some((line) => line.gradients?.[name] !== undefined)
        ? histogram(`Gradients of ${name}`, lines, (line) => line.gradients?.[name])
        : null,
    );
  draw(names[0] ?? '');
  return h(
    'div',
    {},
    choice(
      'Weight',
      names.map((name) => [name, name]),
      draw,
    ),
    box,
  );
}

function histogram(
  title: string,
  lines: readonly HistogramLine[],
  of: (line: HistogramLine) => HistogramLine['weights'][string] | undefined,
): HTMLElement {
  const list = lines.flatMap((line) => {
    const own = of(line);
    return own === undefined ? [] : [{ epoch: line.epoch, own }];
  });
  const nameOf = (epoch: number): string => (epoch === 0 ? 'at the end' : `epoch ${epoch}`);
  return chart({
    title,
    summary: list
      .map(({ epoch, own }) => `${nameOf(epoch)}: mean ${shown(own.mean)}, deviation ${shown(own.deviation)}`)
      .join('; '),
    option: () => ({
      tooltip: { trigger: 'axis' },
      xAxis: axis('value', { scale: true }),
      yAxis: axis('values', { min: 0 }, 48),
      series: list.map(({ epoch, own }, index) => {
        const step = (own.high - own.low) / own.counts.length || 1;
        return {
          name: nameOf(epoch),
          type: 'line' as const,
          symbol: 'none',
          step: 'middle' as const,
          color: colors(1)[0] ?? '',
          lineStyle: {
            width: index === list.length - 1 ? 2.5 : 1.2,
            opacity: 0.25 + (0.75 * (index + 1)) / list.length,
          },
          areaStyle: index === list.length - 1 ? { opacity: 0.15 } : { opacity: 0 },
          data: own.counts.map((count, part) => [own.low + (part + 0.5) * step, count]),
        };
      }),
    }),
    table: () => ({
      head: ['epoch', 'smallest', 'largest', 'mean', 'standard deviation'],
      rows: list.map(({ epoch, own }) => [nameOf(epoch), own.low, own.high, own.mean, own.deviation]),
    }),
  });
}
