/** Gathers what a page shows of a run. */
import { ConvoyError } from '../../base/errors.js';
import { resolveConfig } from '../../config/index.js';
import { readWeights } from '../../coordinator/index.js';
import { setWeights } from '../../models/index.js';
import { openRunRuntime, type RunRuntimeOptions } from '../../training/index.js';
import type { RunReport } from '../types.js';
import { augmentedBatch } from './augmented.js';
import { boxEvaluation } from './box-evaluation.js';
import { evaluationReport } from './evaluation.js';
import { explainerReport } from './explainer.js';
import { imageEvaluation } from './image-evaluation.js';
import { looksReport } from './looks.js';
import { maskEvaluation } from './mask-evaluation.js';
import { outputsOf } from './outputs.js';
import { fileReport, networkOfFiles } from './run-files.js';

export { fileReport } from './run-files.js';

export interface GatherOptions extends RunRuntimeOptions {
  /** Name on the page. */
  readonly name: string;
  /** Without pictures, class maps and explainer: enough to compare runs. */
  readonly brief?: boolean;
}

/**
 * Everything that a page shows of a run. Where its data cannot be found, the page has what the folder holds, and says so.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run, or its files are damaged.
 */
export async function gatherRun({ name, brief = false, ...opening }: GatherOptions): Promise<RunReport> {
  const base = await fileReport(opening.run, name);
  const report = { ...base, ...(await networkOfFiles(opening.run)) };
  if (base.history.length === 0 && base.state === 'unfinished') {
    return { ...report, notes: [...base.notes, 'No epoch has ended yet.'] };
  }
  try {
    return { ...report, ...(await looked(opening, report, brief)) };
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code === 'CONVOY_ABORTED') throw error;
    return { ...report, notes: [...report.notes, `Without scores and pictures: ${error.message}`] };
  }
}

/** What needs the run's data. */
async function looked(opening: RunRuntimeOptions, base: RunReport, brief: boolean): Promise<Partial<RunReport>> {
  const runtime = await openRunRuntime(opening);
  try {
    const { model, arena, layout, datasets, config } = runtime;
    setWeights(model, readWeights(arena, layout));
    const { kind } = datasets.test.targets;
    const classes = [...datasets.test.classes];
    if (kind === 'masks') return { evaluation: await maskEvaluation(runtime), classes };
    if (kind === 'boxes') return { evaluation: await boxEvaluation(runtime), classes };
    if (kind === 'pixels') return { evaluation: await imageEvaluation(runtime), classes };
    const outputs = await outputsOf(runtime, datasets.test);
    const evaluation = await evaluationReport(runtime, outputs);
    if (brief) return { evaluation, classes };
    const { augment = [] } = resolveConfig({ where: `${opening.run}/config.json`, input: base.config });
    const augmented = await augmentedBatch(datasets.train, config.seed, augment);
    const looks = { ...(await looksReport(runtime, outputs)), augmented };
    const explainer = await explainerReport(runtime, outputs);
    return { evaluation, classes, looks, ...(explainer === undefined ? {} : { explainer }) };
  } finally {
    await runtime.close();
  }
}
