import { CompiledEngine, type CompiledSpec } from './compiled.js';
import type { Engine, EngineContext } from './contract.js';

/** How a thread gets its engine. Plain data. */
export type EngineSource =
  /** The model's tfjs configuration, as text; weights come from the arena. */
  | { readonly kind: 'eager'; readonly topology: string }
  /** A compiled graph on disk. */
  | { readonly kind: 'compiled'; readonly graph: CompiledSpec };

/**
 * Makes the engine of this thread. What only the eager engine needs (layers, losses, tfjs) is loaded for it alone: the
 * worker of a compiled graph starts sooner without.
 *
 * @throws ConvoyError `CONVOY_MODEL` or `CONVOY_NATIVE` when the graph or the model cannot be loaded.
 */
export async function createEngine(context: EngineContext, source: EngineSource): Promise<Engine> {
  if (source.kind === 'compiled') return CompiledEngine.open(context, source.graph);
  const [{ EagerEngine }, { loadArchitecture }, { loadModuleLoss }] = await Promise.all([
    import('./eager.js'),
    import('../models/index.js'),
    import('../losses/index.js'),
  ]);
  // Not tfjs's own reader: it draws initial weights, slowly, and does not know our layers.
  const { loss } = context.spec;
  const own = loss.name === 'module' ? { loss: await loadModuleLoss(loss) } : {};
  return new EagerEngine(
    { ...context, ...own },
    loadArchitecture(JSON.parse(source.topology), 'topology of the model'),
  );
}
