/** What a run can be told: schema, defaults, recipes. */
export {
  baseLearningRate,
  type ConfigInput,
  configSchema,
  precisions,
  type RunConfig,
  resolveConfig,
  type SamplerSpec,
  type SettledConfig,
} from './config.js';
export { readConfigFile, readRecipe, recipeNames } from './recipes.js';
