import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import sharp from 'sharp';
import { entry } from '../support/convoy.js';
import { published, root, run, temporaryFolder } from '../support/published.js';
import { writePhotos, writeSmallData } from '../support/small-data.js';

/** Pages whose commands and programs run here, in order, each page in a folder of its own. */
const pages = ['README.md', ...['docs', 'docs/es', 'examples'].flatMap(markdown)];

/** Lines that do not run here, and why. */
const excluded: readonly (readonly [RegExp, string])[] = [
  [
    /^(npm (ci|install|pack|test)|npx convoy-train setup|apt-get|git|cd|pip)\b/,
    'test/published/package.test.ts installs',
  ],
  [
    /^npm run (native|train|bench|docs|options|format|lint|example)\b(?! --)|^npm run bench/,
    'work on the checkout itself',
  ],
  [/--weights imagenet/, 'downloads'],
  [/--hosts|^(mpirun|srun)\b/, 'start processes on several machines'],
  [/--recipe transfer-/, 'train for minutes on a base'],
  [/convoy-train dashboard\b/, 'serves until Ctrl-C'],
  [/^#/, 'a comment'],
];

/** Recipes that train on made scenes. */
const madeScenes = /train .*(shapes-unet|digits-unet|digits-detector|-scenes)/;

/** Pages in a folder; `benchmarks.md` has only commands that measure for long. */
function markdown(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.md') && name !== 'benchmarks.md');
  return names.map((name) => `${folder}/${name}`);
}

/** The text of code blocks of a language. */
function blocks(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...page.matchAll(fence)].map(([, text = '']) => text);
}

/** The command lines of a page that run here. */
function commandsOf(page: string): string[] {
  const lines = blocks(page, 'sh').join('').replaceAll('\\\n', ' ').split('\n');
  const commands = lines.map((line) => line.replace(/\s+#.*$/, '').trim());
  return commands.filter((line) => line !== '' && !excluded.some(([pattern]) => pattern.test(line)));
}

/** The arguments of a command line of convoy; undefined for another program. */
function convoyArguments(line: string): string[] | undefined {
  const [, rest] = /^(?:convoy|npx convoy-train|npm run -?s? ?convoy --|npm run train --)\s+(.*)$/.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const words = (rest.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
  // Made scenes are drawn on the spot, as many as are asked for: a few will do here.
  const few = madeScenes.test(line) ? ['--limit', '64', '--test-limit', '16', '--epochs', '1'] : [];
  return [...(line.startsWith('npm run train') ? ['train', ...words] : words), ...few];
}

/** A folder with what the pages' commands name: small data, photographs, an image. */
async function workplace(t: ExecutionContext): Promise<{ here: string; env: NodeJS.ProcessEnv }> {
  const here = await temporaryFolder(t);
  await writeSmallData(join(here, 'DATA'));
  await writePhotos(join(here, 'photos'), ['cat', 'dog'], 32);
  await cp(join(here, 'photos/test/cat/0000.jpg'), join(here, 'cat.jpg'));
  await sharp(join(here, 'cat.jpg')).resize(28, 28).grayscale().png().toFile(join(here, 'shoe.png'));
  await cp(join(here, 'shoe.png'), join(here, 'digit.png'));
  const keras = join(root, 'test/fixtures/parity/keras-fashion-cnn');
  await cp(join(keras, 'final.keras'), join(here, 'model.keras'));
  await cp(join(keras, 'initial.safetensors'), join(here, 'weights.safetensors'));
  await writeFile(join(here, 'package.json'), JSON.stringify({ name: 'here', private: true, type: 'module' }));
  await mkdir(join(here, 'node_modules'));
  await symlink(root, join(here, 'node_modules/convoy-train'));
  await cp(join(root, 'recipes'), join(here, 'recipes'), { recursive: true });
  return { here, env: { CONVOY_CACHE: join(here, 'cache'), CONVOY_DATA: join(here, 'DATA'), NO_COLOR: '1' } };
}

/** Compiles programs under `strict` and runs each. */
async function runPrograms(programs: readonly string[], here: string, env: NodeJS.ProcessEnv): Promise<void> {
  const files = programs.map((_, index) => `program-${index}.ts`);
  for (const [index, text] of programs.entries()) await writeFile(join(here, files[index] as string), text);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  await writeFile(join(here, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], here);
  for (const file of files) await run(process.execPath, [file.replace('.ts', '.js')], here, env);
}

for (const page of pages) {
  published(`${page}: its commands and programs run`, async (t) => {
    t.timeout(10 * 60_000, 'trains several networks');
    const text = await readFile(join(root, page), 'utf8');
    const [commands, programs] = [commandsOf(text), blocks(text, 'ts')];
    if (commands.length + programs.length === 0) {
      t.pass('a page without commands');
      return;
    }
    const { here, env } = await workplace(t);
    const networks = blocks(text, 'json').filter((block) => block.includes('"layers"'));
    if (networks[0] !== undefined) await writeFile(join(here, 'network.json'), networks[0]);
    const search = blocks(text, 'json').find((block) => block.includes('"grid"'));
    if (search !== undefined) await writeFile(join(here, 'search.json'), search);
    for (const command of commands) {
      const args = convoyArguments(command);
      if (args === undefined) t.fail(`${page}: not a command that this test knows: ${command}`);
      else await run(process.execPath, [entry, ...args], here, env);
    }
    if (programs.length > 0) await runPrograms(programs, here, env);
    t.pass();
  });
}

for (const name of readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'))) {
  published(`examples/${name} runs, and is no longer than 40 lines`, async (t) => {
    t.timeout(10 * 60_000, 'trains networks');
    const text = await readFile(join(root, 'examples', name), 'utf8');
    t.true(text.trimEnd().split('\n').length <= 40);
    const { here, env } = await workplace(t);
    await runPrograms([text], here, env);
  });
}

published('examples/browser serves the page, tfjs and the network of a run', async (t) => {
  const { here, env } = await workplace(t);
  const train = ['train', '--dataset', 'mnist', '--model', 'lenet5', '--epochs', '1', '--out', 'runs/digits'];
  await run(process.execPath, [entry, ...train], here, env);
  const server = spawn(process.execPath, [join(root, 'examples/browser/serve.mjs'), 'runs/digits', '0'], { cwd: here });
  t.teardown(() => server.kill());
  const [printed] = (await once(server.stdout, 'data')) as [Buffer];
  const address = /http:\S+/.exec(printed.toString())?.[0] ?? '';
  for (const [file, part] of [
    ['', 'Draw a digit'],
    ['tf.min.js', 'loadLayersModel'],
    ['model.json', 'weights.bin'],
    ['record.json', '"preprocess"'],
  ] as const) {
    const response = await fetch(address + file);
    t.is(response.status, 200, file);
    t.true((await response.text()).includes(part), file);
  }
  t.is((await fetch(`${address}../package.json`)).status, 404);
});
