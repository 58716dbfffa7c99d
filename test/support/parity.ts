import { readFileSync } from 'node:fs';

/** A reference of `test/fixtures/parity`, as JSON; the tests run from dist/test, the references lie beside their source. */
export function readParity(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../test/fixtures/parity/${name}`, import.meta.url), 'utf8'));
}
