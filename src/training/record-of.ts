import type { RunRecord } from '../run/index.js';
import type { Runtime } from '../runtime/index.js';
import { commandLine, machine } from './machine.js';
import { libraryVersions } from './versions.js';

/** What a run records of its data, its network's input and outputs, and its libraries. */
export function recordOf({ datasets, spec, native }: Runtime, madeInCode: boolean): RunRecord {
  const { train, test } = datasets;
  const { height, width, channels } = train.shape;
  return {
    format: 1,
    dataset: { name: train.name, train: train.fingerprint, test: test.fingerprint, madeInCode },
    classes: [...train.classes],
    image: { height, width, channels },
    preprocess: { scale: [...spec.preprocess.scale], offset: [...spec.preprocess.offset] },
    targets: spec.targets,
    loss: { ...spec.loss },
    testTimeFlip: spec.testTimeFlip === true,
    versions: { ...libraryVersions(), tensorflow: native.tensorflowVersion },
    machine: machine(),
    command: commandLine(),
  };
}
