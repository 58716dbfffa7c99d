import { z } from 'zod';
import { option } from '../base/options.js';

/** Of losses over logits, which can take probabilities instead. */
export const fromLogits = option(
  z.boolean(),
  true,
  "whether outputs are logits; Keras's own default is that they are probabilities",
);

export const labelSmoothing = option(
  z.number().min(0).lt(1),
  0,
  'share of a target that is spread over all classes (Szegedy et al. 2016)',
);
