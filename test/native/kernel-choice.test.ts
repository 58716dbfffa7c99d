import { spawnSync } from 'node:child_process';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { loadNative } from '../../src/native/index.js';

/** Loads TensorFlow in a process of its own; its kernels, or the error. */
function kernelsWith(choice: string): { instructions?: string; ops?: string[]; sets?: string[]; error?: string } {
  const module = JSON.stringify(new URL('../../src/native/index.js', import.meta.url).href);
  const script = `
    const { loadNative } = await import(${module});
    const found = await loadNative().then(({ kernels }) => kernels, (error) => ({ error: error.message }));
    console.log(JSON.stringify(found));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: { ...process.env, CONVOY_KERNELS: choice },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ReturnType<typeof kernelsWith>;
}

test.serial(
  'A set that this machine does not have is refused with those it has, and another may then be chosen',
  async (t) => {
    process.env['CONVOY_KERNELS'] = 'avx1024';
    const error = await t.throwsAsync(loadNative(), { instanceOf: ConvoyError });
    t.is(error.code, 'CONVOY_OPTION');
    t.regex(error.message, /^Expected off, .* for CONVOY_KERNELS but received "avx1024"$/);
    process.env['CONVOY_KERNELS'] = '';
    const { kernels } = await loadNative();
    for (const set of kernels.sets) t.true(error.message.includes(set), set);
    if (kernels.sets.length > 0) t.is(kernels.sets[0], 'scalar');
  },
);

test.serial('Each set that this machine has can be chosen, and none', async (t) => {
  const { kernels } = await loadNative();
  t.deepEqual(kernelsWith('off').ops, []);
  for (const set of kernels.sets) {
    const chosen = kernelsWith(set);
    t.is(chosen.instructions, set);
    t.deepEqual(
      chosen.ops?.includes('bfloat16'),
      set === 'avx512bf16' && (kernels.instructions !== set || kernels.ops.includes('bfloat16')),
    );
    // The fused convolution is offered only where there are registers for it.
    t.is(chosen.ops?.includes('ConvoyPooledConvolution'), set.startsWith('avx512'));
    t.true(chosen.ops?.includes('ConvoyMaxPool'));
  }
});
