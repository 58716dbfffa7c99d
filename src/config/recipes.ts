import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { choiceError, fileError } from '../base/errors.js';
import type { ConfigInput } from './config.js';

// Compiled files lie in dist/src, recipes beside dist.
const folder = new URL('../../../recipes/', import.meta.url);

/** Names of the recipes that come with convoy. */
export async function recipeNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/**
 * A recipe by name, as a configuration.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there is none of this name.
 */
export async function readRecipe(name: string): Promise<ConfigInput> {
  const names = await recipeNames();
  if (!names.includes(name))
    throw choiceError('--recipe', name, { known: names, what: 'recipe', list: 'convoy recipes' });
  const recipe = await readConfigFile(fileURLToPath(new URL(`${name}.json`, folder)));
  return { ...recipe, recipe: name };
}

/**
 * A configuration file (JSON).
 *
 * @throws ConvoyError `CONVOY_OPTION` when it cannot be read or is not a JSON object.
 */
export async function readConfigFile(path: string): Promise<ConfigInput> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw fileError(
      'CONVOY_OPTION',
      path,
      '',
      'a configuration file (JSON)',
      code === 'ENOENT' ? 'no such file' : message,
      error,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw fileError(
      'CONVOY_OPTION',
      path,
      '',
      'a JSON object of options',
      Array.isArray(parsed) ? 'an array' : String(parsed),
    );
  }
  return parsed as ConfigInput;
}
