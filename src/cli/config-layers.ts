import { type RunConfig, readConfigFile, readRecipe, resolveConfig } from '../api/config.js';

/** Flags of which a configuration is made. */
export interface ConfigFlags {
  readonly recipe?: string | undefined;
  /** A JSON file. */
  readonly file?: string | undefined;
  /** Stronger than both; names and values are checked here. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/**
 * The configuration of recipe, file and flags; without any of them that names data, of the embedded shapes.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export async function configOfFlags({ recipe, file, flags }: ConfigFlags): Promise<RunConfig> {
  const bare = recipe === undefined && file === undefined && flags['dataset'] === undefined;
  return resolveConfig(
    ...(recipe !== undefined || bare ? [{ where: 'recipe', input: await readRecipe(recipe ?? 'shapes') }] : []),
    ...(file === undefined ? [] : [{ where: file, input: await readConfigFile(file) }]),
    { where: '', input: flags },
  );
}
