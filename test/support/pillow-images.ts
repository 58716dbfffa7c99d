/** Encoded images and what Pillow makes of them: `test/fixtures/images/pillow.py` wrote them. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const bytes = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const size = { height: z.number(), width: z.number() };

export const pillow = z
  .object({
    cases: z.array(z.object({ name: z.string(), file: bytes, ...size, pixels: bytes, tolerance: z.number() })),
    resized: z.array(z.object({ name: z.string(), file: bytes, ...size, shrink: z.number(), pixels: bytes })),
    inks: z.array(z.object({ ink: z.array(z.number()), files: z.record(z.string(), bytes) })),
    refused: z.record(z.string(), bytes),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/images/pillow.json', import.meta.url), 'utf8')));
