import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { inProcess, records } from '../support/convoy.js';

const folder = new URL('../../../recipes/', import.meta.url);

test.serial('recipes are listed with their data, network, epochs and target', async (t) => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  const { code, stdout } = await inProcess(['recipes', '--json']);
  t.is(code, 0);
  const listed = records(stdout, 'recipe');
  t.deepEqual(listed.map(({ name }) => `${String(name)}.json`).sort(), files.sort());
  for (const recipe of listed) {
    const text = await readFile(new URL(`${String(recipe['name'])}.json`, folder), 'utf8');
    const written = JSON.parse(text) as { dataset: string; target: { accuracy: number }; description: string };
    t.like(recipe, { dataset: written.dataset, target: written.target.accuracy, description: written.description });
  }
});

test.serial('for people they are a table, a line a recipe', async (t) => {
  const { stdout } = await inProcess(['recipes']);
  t.regex(stdout, /^cifar10-cnn +cifar10 +cifar10-cnn +10 +58\.00% {2}\S/m);
});
