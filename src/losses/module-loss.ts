import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConvoyError, fileError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import type { LossSpec } from './registry.js';

/**
 * A loss in code: the loss [B] of each sample, differentiable in `outputs` by the tape of the `tf` that is given.
 *
 * @param outputs float32 [B,K], as the model gives them.
 * @param targets float32 [B,K]: one-hot rows of class indices, or multi-label or soft targets.
 */
export type ModuleLoss = (outputs: Tensor, targets: Tensor, library: typeof tf) => Tensor;

/** A loss that is a function of an ES module. */
type ModuleLossSpec = Extract<LossSpec, { name: 'module' }>;

/**
 * Loads the function of a loss in code; every thread does so for itself, since functions do not cross threads.
 *
 * @throws ConvoyError `CONVOY_OPTION` when the module cannot be loaded or has no such function.
 */
export async function loadModuleLoss({ path, export: name = 'default' }: ModuleLossSpec): Promise<ModuleLoss> {
  const file = resolve(path);
  if (!existsSync(file))
    throw fileError('CONVOY_OPTION', file, 'loss.path', 'an ES module with a loss', 'no such file');
  let module: unknown;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw fileError('CONVOY_OPTION', file, 'loss.path', 'an ES module with a loss', (error as Error).message, error);
  }
  const found: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof found !== 'function')
    throw fileError('CONVOY_OPTION', file, `export ${name}`, 'a function (outputs, targets, tf)', typeof found);
  return (outputs, targets) => {
    const losses: unknown = Reflect.apply(found, undefined, [outputs, targets, tf]);
    const [samples] = outputs.shape;
    if (losses instanceof tf.Tensor && losses.rank === 1 && losses.shape[0] === samples) return losses;
    const what = losses instanceof tf.Tensor ? `a tensor [${losses.shape.join(', ')}]` : typeof losses;
    throw new ConvoyError(
      'CONVOY_MODEL',
      `${file}: export ${name}: expected the losses of ${samples} samples, a tensor [${samples}], but found ${what}`,
    );
  };
}
