import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Compiled files lie in dist/src/base, scripts beside dist.
const script = fileURLToPath(new URL('../../../scripts/native.mjs', import.meta.url));

/** True where convoy was installed as a dependency, false in a checkout of it. */
const installed = /[\\/]node_modules[\\/]/.test(script);

/** The command that makes TensorFlow ready, for messages. */
export const setUpCommand = installed ? 'npx convoy-train setup' : 'npm run native';

/**
 * Makes TensorFlow ready: finds or downloads its library, and builds the addon and convoy's kernels. Takes a minute or two
 * the first time, a moment afterwards. Progress goes to standard error.
 *
 * @param from where the library comes from; `auto` tries all.
 * @returns the exit code: 0 when TensorFlow loads.
 */
export function setUpTensorflow(from: 'auto' | 'pip' | 'installer' = 'auto'): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, '--from', from], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
