import { type Dataset, withCapacity } from '../contracts/index.js';
import type { Datasets } from './contract.js';

/** The splits of a run with as many rows of boxes a sample in each, as slots in shared memory have one size. */
export function withEqualRows(datasets: Datasets): Datasets {
  const { train, test, validation } = datasets;
  const most = Math.max(...[train, test, validation].map((split) => rowsOf(split)));
  if (most === 0) return datasets;
  const equal = (split: Dataset): Dataset => {
    const { targets } = split;
    return targets.kind === 'boxes' ? { ...split, targets: withCapacity(targets, most) } : split;
  };
  return { ...datasets, train: equal(train), test: equal(test), ...(validation && { validation: equal(validation) }) };
}

function rowsOf(split: Dataset | undefined): number {
  return split?.targets.kind === 'boxes' ? split.targets.capacity : 0;
}
