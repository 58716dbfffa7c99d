import type { SpanBlock } from './spans.js';
import type { Prepare } from './step.js';

/** A unit whose gradient has been computed: the address at which a region would begin that had it in its place. */
export interface Unit {
  readonly address: number;
}

/** The unit of a block, computed before its first block is read; that of the block before otherwise. */
export function openUnit(
  { unit, begin }: SpanBlock,
  open: Unit | undefined,
  prepare: Prepare | undefined,
): Unit | undefined {
  if (unit !== 'first') return open;
  if (prepare === undefined) throw new RangeError('this step has gradients that must be computed first');
  return { address: prepare(begin) - begin * 4 };
}
