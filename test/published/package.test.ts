import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { writeImages } from '../support/convoy.js';
import { pack, published, root, run, temporaryFolder } from '../support/published.js';

/** Trains a network written here on a folder of images, and saves the run. */
const trains = `
import { writeFileSync } from 'node:fs';
import { datasetFromFolder, Trainer, tf, type Prediction, type TrainedRun } from 'convoy-train';

async function main(): Promise<void> {
  const model: tf.LayersModel = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const { train, test } = await datasetFromFolder('photos');
  const config = { optimizer: { name: 'adam' as const }, learningRate: 0.01, epochs: 8, workers: 2 };
  const run: TrainedRun = await new Trainer({ model, config, datasets: { train, test } }).train();
  const predictions: Prediction[] = await run.predict(['0.png', '1.png']);
  const { accuracy } = await run.evaluate(test);
  await run.save('run');
  writeFileSync('trained.json', JSON.stringify({ predictions, accuracy }));
}

void main();
`;

/** Opens the run in another process. */
const opens = `
import { writeFileSync } from 'node:fs';
import { openRun } from 'convoy-train';

async function main(): Promise<void> {
  const run = await openRun('run');
  writeFileSync('opened.json', JSON.stringify({ predictions: await run.predict(['0.png', '1.png']) }));
}

void main();
`;

interface Answers {
  readonly predictions: readonly { readonly class: string; readonly probabilities: readonly number[] }[];
  readonly accuracy?: number;
}

/** No host of tfjs-node's own installer answers at once, as in a network that blocks it. */
const unreachable = { TFJS_NODE_CDN_STORAGE: 'http://127.0.0.1:9/', TFJS_NODE_BASE_URI: 'http://127.0.0.1:9/' };

/** An empty project with the package and photographs of two classes. */
async function project(t: ExecutionContext, type: 'module' | 'commonjs', install: readonly string[]): Promise<string> {
  t.timeout(15 * 60_000, 'TensorFlow is downloaded and its addon built');
  const folder = await temporaryFolder(t);
  const tarball = await pack(folder);
  const here = join(folder, 'project');
  await mkdir(here);
  await writeFile(join(here, 'package.json'), JSON.stringify({ name: 'project', private: true, type }));
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts=false', ...install, tarball],
    here,
    unreachable,
  );
  await writeImages(join(here, 'photos'), 32, 8);
  for (const [index, name] of ['dark', 'light'].entries()) {
    await cp(join(here, 'photos/test', name, '000.png'), join(here, `${index}.png`));
  }
  return here;
}

/** Compiles under `strict`, trains, and opens the run in a second process with the data gone. */
async function compileAndRun(t: ExecutionContext, here: string): Promise<void> {
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
    outDir: 'built',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  await writeFile(join(here, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['trains.ts', 'opens.ts'] }));
  await writeFile(join(here, 'trains.ts'), trains);
  await writeFile(join(here, 'opens.ts'), opens);
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], here);
  const env = { CONVOY_CACHE: join(here, 'cache') };
  await run(process.execPath, ['built/trains.js'], here, env);
  await rm(join(here, 'photos'), { recursive: true });
  await run(process.execPath, ['built/opens.js'], here, env);
  const [trained, opened] = await Promise.all(
    ['trained.json', 'opened.json'].map(
      async (name) => JSON.parse(await readFile(join(here, name), 'utf8')) as Answers,
    ),
  );
  t.deepEqual(
    trained?.predictions.map((one) => one.class),
    ['dark', 'light'],
  );
  t.true((trained?.accuracy ?? 0) > 0.7, 'chance is 0.5');
  t.deepEqual(opened?.predictions, trained?.predictions);
  const { stdout } = await run('npx', ['--no-install', 'convoy-train', 'predict', 'run', '0.png', '--json'], here, env);
  t.is((JSON.parse(stdout) as { top: { class: string }[] }).top[0]?.class, 'dark');
}

published(
  'The packed package installs without scripts, and trains as an ES module with a TensorFlow that is there',
  async (t) => {
    const here = await project(t, 'module', ['--ignore-scripts']);
    const library = join(root, 'node_modules/@tensorflow/tfjs-node/deps');
    const ready = await run('npx', ['--no-install', 'convoy-train', 'setup'], here, { CONVOY_LIBTENSORFLOW: library });
    t.regex(ready.stderr, /TensorFlow/);
    await compileAndRun(t, here);
  },
);

published(
  'The packed package installs with scripts where their host is out of reach, and trains from CommonJS',
  async (t) => {
    const here = await project(t, 'commonjs', []);
    await run('npx', ['--no-install', 'convoy-train', 'setup'], here, unreachable);
    await compileAndRun(t, here);
  },
);

published('The package holds what it runs, and no tests', async (t) => {
  const folder = await temporaryFolder(t);
  const tarball = await pack(folder);
  await run('tar', ['-xzf', tarball], folder);
  const files = await readdir(join(folder, 'package'), { recursive: true });
  const manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8')) as {
    bin: Record<string, string>;
    exports: Record<string, string | { types: string; default: string }>;
  };
  const named = [
    ...Object.values(manifest.bin),
    ...Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? entry : [entry.types, entry.default],
    ),
  ];
  for (const name of named) t.true(files.includes(join(name)), name);
  for (const room of await readdir(join(root, 'src'), { withFileTypes: true })) {
    if (room.isDirectory()) t.true(files.includes(join('dist/src', room.name)), room.name);
  }
  t.deepEqual(
    files.filter((name) => /(^|\/)(test|bench)(\/|$)/.test(dirname(name))),
    [],
  );
});
