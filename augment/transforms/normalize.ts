import { z } from 'zod';
import { defineTransform } from './define.js';
import type { Parameter } from './parameters.js';

const perChannel = (schema: z.ZodNumber, expected: string, description: string): Parameter<number[]> => ({
  schema: z.array(schema).min(1).max(3),
  expected,
  description,
});

export const normalize = defineTransform({
  name: 'normalize',
  description: 'per channel (value / 255 - mean) / deviation, done in the network',
  torchvision: 'Normalize',
  options: {
    mean: perChannel(z.number(), 'a number per channel', 'mean of value / 255'),
    deviation: perChannel(z.number().positive(), 'a positive number per channel', 'standard deviation of value / 255'),
  },
  example: { mean: [0.5], deviation: [0.25] },
  check: ({ mean, deviation }) =>
    mean.length === deviation.length
      ? undefined
      : { option: 'deviation', expected: `${mean.length} numbers, as many as mean` },
  /** Nothing: it is the network's input scaling (`splitNormalize`). */
  plan: () => undefined,
});
