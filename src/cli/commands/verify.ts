import { Command } from 'commander';
import { ConvoyError } from '../../base/errors.js';
import { precisions, readRecipe, resolveConfig } from '../../config/index.js';
import { type Check, verify } from '../../tools/index.js';
import { integer, integerOrAuto, oneOf } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { createTerminal } from '../terminal.js';

interface VerifyFlags {
  readonly recipe: string;
  readonly dataDir?: string;
  readonly workers?: number | 'auto';
  readonly shards?: number;
  readonly precision?: (typeof precisions)[number];
  readonly steps: number;
  readonly json?: true;
}

/** The `verify` command. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('Proves on this machine that workers do not change a training: same bits, same gradients.')
    .option('--recipe <name>', 'whose network and data', 'shapes')
    .option('--data-dir <dir>', 'the only folder to look in for the dataset')
    .option('--workers <n|auto>', 'the largest number of workers to try', integerOrAuto('--workers'))
    .option('--shards <n>', 'parts of a batch', integer('--shards'))
    .option(
      '--precision <p>',
      'float32, bfloat16, or auto: bfloat16 where the processor has it',
      oneOf('--precision', precisions),
    )
    .option('--steps <n>', 'steps of the repeated training', integer('--steps', 2), 6)
    .option('--json', 'one JSON object a line instead of text')
    .action(run);
}

async function run({ recipe, dataDir, steps, json, ...flags }: VerifyFlags): Promise<void> {
  const terminal = createTerminal(json === true);
  const data = dataProgress(terminal);
  const config = resolveConfig({ where: 'recipe', input: await readRecipe(recipe) }, { where: '', input: flags });
  const onCheck = ({ name, passed, detail }: Check): void => {
    data.end();
    terminal.record({ type: 'check', name, passed, detail });
    terminal.line(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(44)}  ${detail}`);
  };
  const checks = await verify({
    config,
    steps,
    onCheck,
    onNote: (note) => terminal.note(note),
    onProgress: data.update,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failed > 0)
    throw new ConvoyError('CONVOY_WORKER', `Expected all checks to pass but ${failed} of ${checks.length} failed`);
}
