/**
 * `convoy train` with the workers of `failing-worker.ts`: `node faulty-training.js CONFIG OUT`. Prints the error as the command
 * line does with `--json`, and exits with its code.
 */
import { ConvoyError } from '../../src/base/errors.js';
import { readConfigFile } from '../../src/config/index.js';
import { trainingRun } from '../../src/training/trainer.js';

const [file = '', out = ''] = process.argv.slice(2);
const workerFile = new URL('failing-worker.js', import.meta.url);
try {
  // A hang is noticed after 6 seconds.
  const hanging = process.env['CONVOY_TEST_FAILURE'] === 'hang' ? { workerTimeoutMinutes: 0.1 } : {};
  const config = { ...(await readConfigFile(file)), ...hanging };
  for await (const _ of trainingRun({ config, out }, { workerFile }));
} catch (error) {
  if (!(error instanceof ConvoyError)) throw error;
  console.log(JSON.stringify({ type: 'error', code: error.code, message: error.message }));
  process.exitCode = 1;
}
