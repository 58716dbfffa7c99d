/** Something that stands beside the weights of a checkpoint: settings, devices, numbers of NumPy. Nothing is known of it but its name. */
export class PickleBystander {
  constructor(readonly name: string) {}
}

const numpy = ['numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar', 'numpy.dtype', '_codecs.encode'];
const dtypes = ['float16', 'bfloat16', 'float32', 'float64', 'uint8', 'int8', 'int16', 'int32', 'int64', 'bool'];
const builtins = ['list', 'dict', 'int', 'float', 'set'];

/** Names that trainings leave in checkpoints. Calls of them give a bystander, so that none of them can become a weight. */
export const bystanders: ReadonlySet<string> = new Set([
  'argparse.Namespace',
  'types.SimpleNamespace',
  'torch.device',
  ...dtypes.map((type) => `torch.${type}`),
  ...builtins.flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]),
  ...['PosixPath', 'WindowsPath', 'PurePosixPath', 'PureWindowsPath'].map((path) => `pathlib.${path}`),
  ...numpy,
]);
