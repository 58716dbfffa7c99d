import type { Cluster } from '../../contracts/index.js';
import { slotNames } from '../../memory/index.js';
import { averagedState } from '../../run/index.js';
import type { Runtime } from '../../runtime/index.js';

/**
 * Gives all ranks the weights of rank 0, and their average where the optimizer keeps one.
 *
 * @param epoch a number of rank 0.
 * @returns that number, on all ranks.
 */
export async function takeWeights(
  cluster: Cluster,
  { arena, layout }: Pick<Runtime, 'arena' | 'layout'>,
  epoch: number,
): Promise<number> {
  const average = layout.optimizerStates.includes(averagedState) ? [slotNames.optimizer(averagedState)] : [];
  for (const name of [slotNames.weights, ...average]) {
    const values = arena.float32(arena.slot(name));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    bytes.set(await cluster.broadcast(bytes));
  }
  const [found = 0] = await cluster.exchange(epoch);
  return found;
}
