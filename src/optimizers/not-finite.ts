import type { KernelProgram } from '../kernels/index.js';
import type { ParameterPlace, SpanBlock } from './spans.js';

/**
 * Looks for the first number that is not finite in what a pass stored for a block.
 *
 * @param baseOf the byte offset of a lane's region.
 * @returns the name of the parameter, with that of the optimizer's state where the number is in one.
 */
export function findNotFinite(
  memory: WebAssembly.Memory,
  { stores }: KernelProgram,
  block: SpanBlock,
  parameters: readonly ParameterPlace[],
  baseOf: (lane: string) => number,
): string {
  // The parameter itself first: its name says most.
  const lanes = stores.map(({ lane }) => lane).sort((a, b) => Number(b === 'parameter') - Number(a === 'parameter'));
  for (const lane of lanes) {
    const values = new Float32Array(memory.buffer, baseOf(lane) + block.begin * 4, block.end - block.begin);
    const place = values.findIndex((value) => !Number.isFinite(value));
    if (place < 0) continue;
    const at = block.begin + place;
    const found = parameters.find(({ offset, length }) => at >= offset && at < offset + length);
    const name = found?.name ?? `float ${at} of the weights`;
    return lane === 'parameter' ? name : `${name} (${lane} of the optimizer)`;
  }
  throw new Error('a pass found a number that is not finite, but it is gone');
}
