import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { Browser } from 'playwright-core';
import { loadNative } from '../../src/native/index.js';
import { writeReport } from '../../src/report/index.js';
import { Dashboard } from '../../src/report/serve/server.js';
import { Trainer } from '../../src/training/index.js';
import { histogramRecorder } from '../../src/watch/index.js';
import { browserFile, chartsWithoutMarks, openBrowser, openPage, seriousFaults } from '../support/browser.js';
import { type OddData, oddDatasets, oddModel } from '../support/odd-data.js';

/** A class's name is a name, whatever it looks like. */
const names = ['<img src=x onerror=alert(1)>', 'قطة', '</script><script>alert(2)</script>', '{{b}} {a|b}'];
const all: Readonly<Record<string, OddData & { readonly epochs?: number; readonly stops?: boolean }>> = {
  names: { classes: names, channels: 3, epochs: 2 },
  'one class': { classes: ['only'] },
  'a thousand classes': { classes: Array.from({ length: 1000 }, (_, i) => `class ${i}`), train: 40, test: 40 },
  'several labels': { classes: ['a', 'b', 'c'], severalLabels: true },
  'ended early': { classes: ['a', 'b'], epochs: 3, stops: true },
};

/** A folder for pictures: asks for the odd runs too, and for pages of every width. */
const pictures = process.env['CONVOY_TEST_BROWSER'];
const everything = pictures !== undefined;
/** They take a minute: `npm run test:published` asks for them. */
const asked = everything || process.env['CONVOY_TEST_PUBLISHED'] !== undefined;
const cases = Object.entries(all).filter(([name]) => everything || ['names', 'one class'].includes(name));

let folder: string;
let browser: Browser | undefined;
const files = new Map<string, string>();

test.before(async (t) => {
  if (!asked) return;
  t.timeout(280_000);
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-pages-'));
  for (const [name, { epochs = 1, stops = false, ...odd }] of cases) {
    const run = join(folder, 'runs', name);
    const datasets = oddDatasets(odd);
    await mkdir(join(folder, 'runs'), { recursive: true });
    await new Trainer({
      config: {
        ...{ dataset: 'odd', epochs, batchSize: 8, workers: 1, learningRate: 0.05 },
        ...(odd.severalLabels === true ? { loss: { name: 'binaryCrossEntropy' } } : {}),
        ...(name === 'names' ? { augment: [{ name: 'flip' }] } : {}),
      },
      datasets,
      model: oddModel(odd.classes.length, odd.channels),
      out: run,
      callbacks: stops ? [{ name: 'stops', onEpochEnd: (_, control) => control.stop('enough') }] : [],
      watchers: name === 'names' ? [histogramRecorder(run)] : [],
    }).train();
    const file = join(folder, `${name}.html`);
    await writeReport({ runs: [run], file, datasets });
    files.set(name, file);
  }
  // The data are made in code: without them a page has what the folder holds.
  await writeReport({ runs: [join(folder, 'runs', 'names')], file: join(folder, 'no data.html') });
  files.set('no data', join(folder, 'no data.html'));
  if (browserFile === undefined) t.log('no chromium here: pages are written but not opened');
  else browser = await openBrowser();
});
test.after.always(async () => {
  await browser?.close();
  if (asked) await rm(folder, { recursive: true, force: true });
});

(asked ? test.serial : test.serial.skip)('a page is one file of less than 10 MB', async (t) => {
  for (const [name, file] of files) {
    const { size } = await stat(file);
    t.true(size > 1_000_000 && size < 10_000_000, `${name}: ${size}`);
  }
});

const withBrowser = browserFile === undefined || !asked ? test.serial.skip : test.serial;
const urlOf = (name: string): string => pathToFileURL(files.get(name) ?? '').href;

withBrowser(
  'every part of a report shows its charts, without faults, by keyboard, and axe finds nothing serious',
  async (t) => {
    t.timeout(120_000);
    const { page, faults } = await openPage(browser as Browser, urlOf('names'));
    const tabs = page.locator('[role=tab]');
    const count = await tabs.count();
    t.is(count, 8);
    await tabs.first().focus();
    for (let index = 0; index < count; index++) {
      if (index > 0) await page.keyboard.press('ArrowRight');
      t.is(await tabs.nth(index).getAttribute('aria-selected'), 'true');
      const id = (await tabs.nth(index).getAttribute('id')) ?? '';
      // Charts are drawn when they come into view.
      await page.waitForFunction(() =>
        [...document.querySelectorAll<HTMLElement>('.panel:not([hidden]) .plot')].every(
          (plot) => plot.childElementCount > 0,
        ),
      );
      t.deepEqual(await chartsWithoutMarks(page), [], id);
      // The pictures' test, on request, looks at every part.
      if (['tab-overview', 'tab-classes', 'tab-explainer'].includes(id)) t.deepEqual(await seriousFaults(page), [], id);
    }
    t.deepEqual(faults, []);
    t.is(await page.locator('img[src=x]').count(), 0);
    t.true((await page.getByText(names[0] ?? '', { exact: true }).count()) > 0, 'the name is there as text');
    await page.close();
  },
);

withBrowser('a cell of the confusion matrix shows its images, and arrow keys move between cells', async (t) => {
  const { page, faults } = await openPage(browser as Browser, `${urlOf('names')}#classes`);
  const cell = page.locator('.confusion .cell').nth(0);
  await cell.click();
  const text = (await cell.textContent()) ?? '';
  const shown = await page.locator('.gallery .sample').count();
  t.is(shown, Math.min(12, Number(text)));
  await page.keyboard.press('ArrowRight');
  t.is(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')?.includes('قطة')), true);
  t.deepEqual(faults, []);
  await page.close();
});

withBrowser(
  "the explainer follows arrow keys and speaks Spanish, and a chart's values are there as a table",
  async (t) => {
    const { page, faults } = await openPage(browser as Browser, `${urlOf('names')}#explainer`, { dark: true });
    const field = page.locator('.field[tabindex]');
    await field.focus();
    const before = await page.locator('.result').textContent();
    const [, y = '', x = ''] = /\((\d+), (\d+)\)/.exec(before ?? '') ?? [];
    await page.keyboard.press(Number(y) > 0 ? 'ArrowUp' : 'ArrowDown');
    const after = await page.locator('.result').textContent();
    t.true(after?.includes(`(${Number(y) + (Number(y) > 0 ? -1 : 1)}, ${x})`), `${before} ${after}`);
    t.is(await page.locator('.numbers').count(), 3, 'window, kernel and products');
    await page.locator('.explainer select').first().selectOption('es');
    t.true((await page.textContent('.explainer h2')) === 'De los píxeles a una clase');
    await page.locator('[role=tab]').first().click();
    await page.locator('.values summary').first().click();
    t.is(await page.locator('.values[open] tbody tr').count(), 2, 'a row an epoch');
    t.deepEqual(faults, []);
    await page.close();
  },
);

(everything ? withBrowser : test.serial.skip)('odd runs have sensible pages', async (t) => {
  t.timeout(120_000);
  for (const name of files.keys()) {
    if (name === 'names') continue;
    const { page, faults } = await openPage(browser as Browser, urlOf(name), { width: 390, dark: true });
    for (const tab of await page.locator('[role=tab]').all()) {
      await tab.click();
      t.true(((await page.locator('.panel:not([hidden])').textContent()) ?? '').length > 20);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      t.true(wide <= 0, `${name}, ${await tab.textContent()}: ${wide} pixels too wide`);
    }
    t.deepEqual(faults, [], name);
    await page.close();
  }
});

withBrowser('the dashboard lists runs, filters and compares them', async (t) => {
  const dashboard = new Dashboard({ root: join(folder, 'runs'), version: '1', port: 0 });
  const url = await dashboard.start();
  try {
    const { page, faults } = await openPage(browser as Browser, url);
    t.is(await page.locator('tbody tr').count(), cases.length);
    t.deepEqual(await seriousFaults(page), []);
    await page.locator('input[type=search]').fill('ONE CLASS');
    t.is(await page.locator('tbody tr').count(), 1);
    await page.locator('input[type=search]').fill('');
    for (const box of await page.locator('tbody input[type=checkbox]').all()) await box.check();
    await page.getByRole('button', { name: `Compare ${cases.length} runs` }).click();
    await page.waitForSelector('h1:text("Comparison of runs")');
    t.is(await page.locator('h2:text("Results")').count(), 1);
    t.deepEqual(await chartsWithoutMarks(page), []);
    await page.goto(`${url}?run=names`);
    await page.waitForSelector('[role=tab]');
    t.is(await page.locator('h1').textContent(), 'names');
    t.deepEqual(faults, []);
    await page.close();
  } finally {
    await dashboard.close();
  }
});

(everything ? withBrowser : test.serial.skip)(
  'pages at phone and desktop width, light and dark, as pictures',
  async (t) => {
    t.timeout(280_000);
    const target = pictures ?? '';
    await mkdir(target, { recursive: true });
    for (const [width, dark] of [
      [390, false],
      [390, true],
      [1280, false],
      [1280, true],
    ] as const) {
      const { page, faults } = await openPage(browser as Browser, urlOf('names'), { width, dark });
      for (const tab of await page.locator('[role=tab]').all()) {
        await tab.click();
        const id = await tab.getAttribute('id');
        t.deepEqual(await seriousFaults(page), [], `${id} ${width} ${dark}`);
        await page.screenshot({ path: join(target, `${id}-${width}-${dark ? 'dark' : 'light'}.png`), fullPage: true });
      }
      t.deepEqual(faults, []);
      await page.close();
    }
  },
);
