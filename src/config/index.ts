/** What a run can be told: schema, defaults, recipes. */
export {
  baseLearningRate,
  type ConfigInput,
  configSchema,
  precisions,
  type RunConfig,
  resolveConfig,
  type SettledConfig,
} from './config.js';
export type { SamplerSpec } from './parts.js';
export { readConfigFile, readRecipe, recipeNames } from './recipes.js';
