/** Every command, in the order of `convoy --help`. A new one: its own file, and its line here. */
import type { Command } from '../define.js';
import { analyse } from './analyse.js';
import { anomaly } from './anomaly.js';
import { augment } from './augment.js';
import { dashboard } from './dashboard.js';
import { data } from './data.js';
import { evaluate } from './evaluate.js';
import { exportCommand } from './export.js';
import { learningRateFinder } from './lr-find.js';
import { model } from './model.js';
import { plot } from './plot.js';
import { predict } from './predict.js';
import { recipes } from './recipes.js';
import { report } from './report.js';
import { setup } from './setup.js';
import { show } from './show.js';
import { sweep } from './sweep.js';
import { train } from './train.js';
import { tune } from './tune.js';
import { verify } from './verify.js';
import { visualize } from './visualize.js';

export const commands: readonly Command[] = [
  train,
  evaluate,
  predict,
  anomaly,
  exportCommand,
  analyse,
  visualize,
  plot,
  report,
  dashboard,
  data,
  show,
  model,
  recipes,
  augment,
  learningRateFinder,
  sweep,
  tune,
  verify,
  setup,
];
