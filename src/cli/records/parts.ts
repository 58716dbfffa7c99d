/** Parts of records, with their units. */
import { z } from 'zod';

export const text = (description: string) => z.string().describe(description);
export const flag = (description: string) => z.boolean().describe(description);
/** A count: an integer from 0. */
export const count = (description: string) => z.int().min(0).describe(description);
export const number = (description: string) => z.number().describe(description);
/** A share from 0 to 1. */
export const share = (description: string) => z.number().min(0).max(1).describe(`${description} (share, 0 to 1)`);
/** A figure that is null where it is not defined. */
export const figure = (description: string) => z.number().nullable().describe(`${description}; null where not defined`);
export const seconds = (description: string) => z.number().min(0).describe(`${description} (seconds)`);
export const bytes = (description: string) => z.int().min(0).describe(`${description} (bytes)`);
export const rate = (description: string) => z.number().min(0).describe(`${description} (images per second)`);
export const sha256 = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe(`${description} (SHA-256, hexadecimal)`);
export const list = <Item extends z.ZodType>(item: Item, description: string) => z.array(item).describe(description);

/** Size of an image. */
export const imageShape = z
  .looseObject({ height: count('pixels'), width: count('pixels'), channels: count('1 for grey, 3 for colour') })
  .describe('size of an image');

/** Loss and accuracy of a split. */
export const scores = (of: string) =>
  z
    .looseObject({ loss: figure('mean loss (natural logarithm for cross-entropy)'), accuracy: share('accuracy') })
    .describe(`scores of ${of}`);

/** A record: an object with its type. */
export const record = <Shape extends z.ZodRawShape>(type: string, description: string, shape: Shape) =>
  z.looseObject({ type: z.literal(type), ...shape }).describe(description);
