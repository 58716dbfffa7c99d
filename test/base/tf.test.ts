import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const module = fileURLToPath(new URL('../../src/base/tf.js', import.meta.url));

test("tfjs's own backend computes without a word about the one that trains", async (t) => {
  const code = `const { tf } = await import(${JSON.stringify(module)}); console.log(tf.add(1, 2).dataSync()[0], tf.getBackend());`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  t.is(stdout, '3 cpu\n');
  t.is(stderr, '');
});
