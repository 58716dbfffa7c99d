/** `convoy-train/config`: what a run can be told, checked; loads neither TensorFlow nor sharp. */
export { type AugmentSpec, parseAugment } from '../../augment/spec/index.js';
export { transforms } from '../../augment/transforms/index.js';
export {
  type ConfigInput,
  configSchema,
  precisions,
  type RunConfig,
  readConfigFile,
  readRecipe,
  recipeNames,
  resolveConfig,
} from '../config/index.js';
export {
  type Analysis,
  type AnomalyMethod,
  analyses,
  anomalyMethods,
  type MetricName,
  type Monitor,
  metricNames,
  type Split,
  splits,
  type Task,
  type TestTimeAugmentation,
  tasks,
  testTimeAugmentations,
  visualizations,
} from '../contracts/index.js';
export { losses } from '../losses/spec/index.js';
export { optimizers } from '../optimizers/index.js';
export { schedules } from '../schedules/index.js';
