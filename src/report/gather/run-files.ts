import { modelParameters, setWeights } from '../../models/index.js';
import { loadNative } from '../../native/index.js';
import { checkpointWeights, findRecord, RunFolder, readCheckpoint, readHistory } from '../../run/index.js';
import { histogramOf, readHistograms } from '../../watch/index.js';
import { readRunFiles } from '../serve/run-files.js';
import type { HistogramLine, RunReport } from '../types.js';
import { networkReport } from './network.js';

/**
 * What the files of a run folder say, without its data: also of a run that still trains.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run, or a file is damaged.
 */
export async function fileReport(folder: string, name: string): Promise<RunReport> {
  const run = RunFolder.open(folder);
  await run.readConfig();
  await findRecord(folder);
  await readHistory(folder);
  const report = await readRunFiles(folder, name);
  if (report === undefined) throw new TypeError(`${folder}: no run`);
  return report;
}

/** The network with the weights that the run ended with; undefined where the run has not written one yet. */
export async function networkOfFiles(folder: string): Promise<Pick<RunReport, 'network' | 'histograms'> | undefined> {
  const run = RunFolder.open(folder);
  await loadNative();
  const model = await run.readArchitecture();
  if (model === undefined) return undefined;
  try {
    const file = run.checkpoint(await run.finalCheckpoint());
    const weights = checkpointWeights(await readCheckpoint(file), model, file);
    setWeights(model, weights);
    const recorded = await readHistograms(folder);
    const names = modelParameters(model).map(({ spec }) => spec.name);
    const last: HistogramLine = {
      epoch: 0,
      weights: Object.fromEntries(weights.map((values, index) => [names[index] ?? '', histogramOf(values)])),
    };
    return { network: await networkReport(model), histograms: recorded.length > 0 ? recorded : [last] };
  } finally {
    model.dispose();
  }
}
