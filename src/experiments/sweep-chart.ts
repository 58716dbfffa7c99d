import { join } from 'node:path';
import { monitored } from '../callbacks/index.js';
import type { Monitor } from '../contracts/index.js';
import { readHistory } from '../run/index.js';
import type { SweptTrial } from './trial.js';

/** Draws the trials' scores by epoch and by each option that is a number: `sweep.svg`. @returns the file. */
export async function drawSweep(out: string, monitor: Monitor, trials: readonly SweptTrial[]): Promise<string> {
  const { sweepChart } = await import('../plots/index.js'); // its library takes most of a second to load
  const curves = await Promise.all(
    trials.map(async ({ trial, epochs, parameters, score }) => {
      const records = (await readHistory(join(out, `trial-${trial}`))).slice(0, epochs);
      const points = records.map((record): [number, number] => [record.epoch, monitored(record, monitor)]);
      return { name: `trial ${trial}`, points, parameters, score };
    }),
  );
  const file = join(out, 'sweep.svg');
  await sweepChart(curves, monitor).write(file);
  return file;
}
