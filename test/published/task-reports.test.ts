/** Reports of runs with masks, boxes and rebuilt images: their scores are those of `convoy evaluate`, and a browser shows them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigInput } from '../../src/config/index.js';
import { datasetFromArrays } from '../../src/data/index.js';
import { loadNative } from '../../src/native/index.js';
import { gatherRun } from '../../src/report/gather/index.js';
import { writeReport } from '../../src/report/index.js';
import { evaluateTask } from '../../src/tools/index.js';
import { Trainer } from '../../src/training/index.js';
import { browserFile, chartsWithoutMarks, openBrowser, openPage, seriousFaults } from '../support/browser.js';
import { published } from '../support/published.js';

const side = 32;
const count = 48;
const shape = { height: side, width: side, channels: 1 };

/** White squares of 10 pixels on black, each somewhere else. */
const places = Array.from({ length: count }, (_, image): [left: number, top: number] => [image % 20, (image * 7) % 20]);
const images = new Uint8Array(count * side * side);
for (const [image, [left, top]] of places.entries()) {
  for (let y = top; y < top + 10; y++) {
    const row = (image * side + y) * side;
    images.fill(255, row + left, row + left + 10);
  }
}
const masks = images.map((level) => (level > 0 ? 1 : 0));
const boxes = places.map(([left, top]) => [{ box: [left, top, left + 10, top + 10] as const, class: 'square' }]);

const tasks: Readonly<Record<string, { readonly given: object; readonly config: ConfigInput; readonly text: RegExp }>> =
  {
    masks: {
      given: { masks, classes: ['ground', 'square'] },
      config: { model: { name: 'unet', width: 4, depth: 2 } },
      text: /Worst masks/,
    },
    boxes: {
      given: { boxes, classes: ['square'] },
      config: {
        model: { name: 'detector', filters: 4, pyramid: 8, finestStride: 4, levels: 2 },
        loss: { name: 'detection' },
      },
      text: /Most mistakes/,
    },
    images: {
      given: { masks: 'images' },
      config: { model: { name: 'autoencoder', filters: 4, code: 8 }, loss: { name: 'meanSquaredError' } },
      text: /Largest errors/,
    },
  };

for (const [task, { given, config, text }] of Object.entries(tasks)) {
  published(`the report of a run with ${task}`, async (t) => {
    t.timeout(120_000);
    await loadNative();
    const made = datasetFromArrays({ images, shape, ...given } as Parameters<typeof datasetFromArrays>[0]);
    const datasets = { train: made, test: { ...made, split: 'test' as const } };
    const folder = await mkdtemp(join(tmpdir(), 'convoy-task-'));
    try {
      const run = join(folder, 'run');
      const rest = { dataset: 'made', epochs: 2, batchSize: 16, workers: 1, learningRate: 0.05 } as const;
      await new Trainer({ config: { ...rest, ...config }, datasets, out: run }).train();
      const { evaluation } = await gatherRun({ name: 'run', run, datasets });
      const expected = await evaluateTask({ run, datasets });
      t.is(expected.kind, task as 'masks');
      const shown = Object.fromEntries(evaluation?.overall ?? []);
      const near = (found: number | undefined, wanted: number): boolean =>
        t.true(Math.abs((found ?? Number.NaN) - wanted) <= 1e-5, `${found}, ${wanted}`);
      near(shown['loss'], expected.loss);
      if (expected.kind === 'masks') {
        near(shown['mean IoU'], expected.metrics.meanIou);
        t.deepEqual(evaluation?.confusion, expected.metrics.confusion);
      } else if (expected.kind === 'boxes') {
        near(shown['AP50'], expected.metrics.ap50);
        // Every object is found or missed.
        t.is(
          evaluation?.confusion?.[0]?.reduce((sum, objects) => sum + objects, 0),
          count,
        );
      } else if (expected.kind === 'images') near(shown['PSNR, dB'], expected.metrics.psnr);
      if (browserFile === undefined) return t.log('no chromium here: the page is not opened');
      const file = join(folder, 'report.html');
      await writeReport({ runs: [run], file, datasets });
      const browser = await openBrowser();
      try {
        const { page, faults } = await openPage(browser, pathToFileURL(file).href, { width: 390 });
        for (const tab of await page.locator('[role=tab]').all()) {
          await tab.click();
          await page.waitForFunction(() =>
            [...document.querySelectorAll<HTMLElement>('.panel:not([hidden]) .plot')].every(
              (plot) => plot.childElementCount > 0,
            ),
          );
          t.deepEqual(await chartsWithoutMarks(page), []);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          t.true(wide <= 0, `${await tab.textContent()}: ${wide} pixels too wide`);
        }
        await page.getByRole('tab', { name: 'Images' }).click();
        t.regex((await page.locator('.panel:not([hidden])').textContent()) ?? '', text);
        t.true((await page.locator('.sample.wide').count()) > 0);
        t.deepEqual(await seriousFaults(page), []);
        t.deepEqual(faults, []);
      } finally {
        await browser.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
