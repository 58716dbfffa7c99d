/** JSON Schemas of what commands write with `--json`: `npm run schemas` writes them to `schemas/`. */
import { z } from 'zod';
import { commonRecords, dashboard } from './common.js';
import { benchResult, dataConvert, dataInfo, dataList, dataPack, model, recipes, show } from './data.js';
import { flag, record } from './parts.js';
import {
  anomalyEvaluate,
  anomalyFit,
  anomalyScore,
  augment,
  evaluate,
  exported,
  pictures,
  predict,
  report,
} from './runs.js';
import { learningRateFinder, sweep, train, tune, verify } from './training.js';

/** Records by command; `data info` as data-info. */
const recordsOf: Readonly<Record<string, readonly z.ZodType[]>> = {
  train,
  evaluate,
  predict,
  'anomaly-fit': anomalyFit,
  'anomaly-score': anomalyScore,
  'anomaly-evaluate': anomalyEvaluate,
  export: exported,
  analyse: pictures,
  visualize: pictures,
  plot: pictures,
  report,
  dashboard: [dashboard],
  'data-list': dataList,
  'data-info': dataInfo,
  'data-convert': dataConvert,
  'data-pack': dataPack,
  show,
  model,
  recipes,
  augment,
  'lr-find': learningRateFinder,
  sweep: [...train, ...sweep],
  tune,
  verify,
  setup: [record('setup', 'TensorFlow is ready, or not', { ready: flag('whether it is') })],
};

const options = { target: 'draft-2020-12', reused: 'inline', io: 'output' } as const;

/** Schemas by file name, without `.json`: of a line of a command's output, and of a benchmark's result. */
export function jsonSchemas(): Readonly<Record<string, object>> {
  const commands = Object.entries(recordsOf).map(([name, records]) => {
    const command = `convoy ${name.replace(/^(data|anomaly)-/, '$1 ')}`;
    const schema = z.union([...records, ...commonRecords]).describe(`A line of the output of ${command} --json.`);
    return [name, z.toJSONSchema(schema, options)] as const;
  });
  return { ...Object.fromEntries(commands), 'bench-result': z.toJSONSchema(benchResult, options) };
}
