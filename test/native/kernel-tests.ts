import { readdirSync } from 'node:fs';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { loadNative, type Native } from '../../src/native/index.js';

/** What a file of `ops` exports by default: registers the tests of an op. */
type OpTests = (native: Native) => void;

/**
 * Registers the tests of all ops (the files of `ops`) for an instruction set. A process has one: each set has a test file of
 * its own, which ava runs in its own process. Where the machine lacks the set, its tests are skipped.
 */
export async function testKernels(set: string): Promise<void> {
  process.env['CONVOY_KERNELS'] = set;
  const native = await loadNative().catch((error: unknown) => {
    if (error instanceof ConvoyError && error.code === 'CONVOY_OPTION') return undefined;
    throw error;
  });
  if (native === undefined) {
    test.skip(`this machine has no ${set}`, () => {});
    return;
  }
  const folder = new URL('./ops/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const modules = await Promise.all(
    files.sort().map(async (file) => (await import(new URL(file, folder).href)) as { readonly default: OpTests }),
  );
  // From the first test on all are registered without waiting, as ava demands.
  test(`the kernels are those of ${set}`, (t) => t.is(native.kernels.instructions, set));
  for (const { default: register } of modules) register(native);
}
