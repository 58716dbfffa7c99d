/** PyTorch's zip of tensors, as `torch.save` has written it since 1.6: `data.pkl`, and a file of bytes for each storage. */
import { ConvoyError } from '../base/errors.js';
import { PickleGlobal, PickleTuple, type PickleValue, readPickle } from '../base/pickle.js';
import { elementTypes } from './element-types.js';
import { weightsError } from './errors.js';
import { bystanders, PickleBystander } from './pickle-bystanders.js';
import { elementCount, maximumTensorBytes, type NamedTensor, type WeightsFile } from './tensors.js';
import { unpackZip } from './zip.js';

/** What is said of 100,000 tensors takes less. */
const maximumPickleBytes = 2 ** 24;
/** PyTorch's own limit. */
const maximumRank = 64;

/** Element types by the storages of PyTorch. */
const storages: Readonly<Record<string, string>> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const globals: ReadonlySet<string> = new Set([
  ...bystanders,
  ...Object.keys(storages),
  'collections.OrderedDict',
  'collections.defaultdict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch.Size',
]);

/** Where checkpoints of trainings keep the weights. */
const keysOfWeights = [
  'state_dict',
  'model_state_dict',
  'model',
  'network',
  'net',
  'weights',
  'state',
  'params',
  'module',
];

/** The numbers of a storage, decoded when a tensor needs them. */
class Storage {
  constructor(
    readonly type: string,
    readonly key: string,
    readonly count: number,
  ) {}
}

/** A view of a storage. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** How a file that is not read becomes one that is. */
export function torchConversion(file: string): string {
  const [source, target] = [JSON.stringify(file), JSON.stringify(file.replace(/(\.\w+)?$/, '.safetensors'))];
  return [
    'in Python: import torch, safetensors.torch as st',
    `st.save_file({k: v.contiguous() for k, v in torch.load(${source}, weights_only=True).items()}, ${target})`,
  ].join('\n  ');
}

/** Bytes of a zip's local header before the entry's name. */
const headerBytes = 30;

/** Whether a zip is PyTorch's: its first entry is one of those of `torch.save`, in a folder. */
export function isTorchArchive(bytes: Uint8Array): boolean {
  const name = Buffer.from(bytes.subarray(headerBytes, headerBytes + 256)).toString('latin1');
  return /^[^/]+\/(data\.pkl|\.format_version|version|byteorder|constants\.pkl|\.data\/|code\/|data\/)/.test(name);
}

/**
 * Reads a `state_dict` (plain, or among what a checkpoint holds) from the bytes of a `.pt`, `.pth` or `.ckpt`. Nothing of the
 * pickle is executed: names other than those of tensors and plain containers are refused.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` naming what is not read, with the lines of Python that convert the file; for damage.
 */
export function readTorchArchive(file: string, bytes: Uint8Array): WeightsFile {
  try {
    return { file, format: 'pytorch', ...read(file, bytes) };
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_WEIGHTS') throw error;
    throw new ConvoyError(error.code, `${error.message}\n  ${torchConversion(file)}`, error.details, error);
  }
}

function read(file: string, bytes: Uint8Array): Pick<WeightsFile, 'tensors' | 'notes'> {
  const entries = unpackZip(file, bytes, (name) => {
    if (/^[^/]+\/data\.pkl$/.test(name)) return maximumPickleBytes;
    if (/^[^/]+\/byteorder$/.test(name)) return 16;
    return /^[^/]+\/data\/[^/]+$/.test(name) || /\/constants\.pkl$/.test(name) ? maximumTensorBytes * 2 : undefined;
  });
  const names = Object.keys(entries);
  const [pickle, ...more] = names.filter((name) => name.endsWith('/data.pkl'));
  if (pickle === undefined || more.length > 0)
    throw weightsError(file, 'zip', 'one data.pkl', `${more.length + (pickle === undefined ? 0 : 1)}`);
  if (names.some((name) => name.endsWith('/constants.pkl'))) {
    throw weightsError(file, 'zip', 'a state_dict', 'a TorchScript program (torch.jit.save): save model.state_dict()');
  }
  const root = pickle.slice(0, -'data.pkl'.length);
  const order = entries[`${root}byteorder`];
  if (order !== undefined && Buffer.from(order).toString('latin1') !== 'little') {
    throw weightsError(file, 'byteorder', 'little', Buffer.from(order).toString('latin1'));
  }
  const value = readPickle(entries[pickle] as Uint8Array, {
    content: 'tensors and plain values',
    globals,
    call: (name, parameters) => called(file, name, parameters),
    build: (object) => (object instanceof PickleBystander ? object : undefined),
    persistent: (id) => storageOf(file, id),
    error: (place, expected, found) => weightsError(file, place, expected, found),
  });
  let total = 0;
  const { views, notes } = stateDict(file, value);
  const tensors = views.map(([name, view]): NamedTensor => {
    const place = `tensor ${JSON.stringify(name)}`;
    const count = elementCount(view.shape) ?? 0;
    total += count * 4;
    if (total > maximumTensorBytes) throw weightsError(file, place, `at most ${maximumTensorBytes} bytes`, 'more');
    const data = entries[`${root}data/${view.storage.key}`];
    if (data === undefined) throw weightsError(file, place, `an entry data/${view.storage.key}`, 'none');
    return { name, shape: view.shape, data: numbersOf(file, place, view, count, data) };
  });
  return { tensors, notes };
}

function called(file: string, name: string, parameters: readonly PickleValue[]): PickleValue {
  switch (name) {
    case 'collections.OrderedDict': {
      if (parameters.length === 0) return new Map();
      break;
    }
    case 'collections.defaultdict':
      return new Map();
    case 'torch.Size': {
      if (parameters.length === 1 && parameters[0] instanceof PickleTuple) return parameters[0];
      break;
    }
    case 'torch._utils._rebuild_parameter': {
      if (parameters[0] instanceof TensorView) return parameters[0];
      break;
    }
    case 'torch._utils._rebuild_tensor_v2': {
      const [storage, offset, size, stride] = parameters;
      const shape = sizes(size);
      const strides = sizes(stride);
      const isPlaced = typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0;
      if (storage instanceof Storage && isPlaced && shape !== undefined && strides?.length === shape.length) {
        return new TensorView(storage, offset, shape, strides);
      }
      break;
    }
    default:
      if (bystanders.has(name)) return new PickleBystander(name);
  }
  throw weightsError(file, name, 'the arguments that PyTorch writes', 'others');
}

function sizes(value: PickleValue | undefined): number[] | undefined {
  if (!(value instanceof PickleTuple) || value.items.length > maximumRank) return undefined;
  return elementCount(value.items) === undefined ? undefined : (value.items as number[]);
}

/** ('storage', type, key, device, number of elements). */
function storageOf(file: string, id: PickleValue): Storage {
  const [kind, type, key, , count] = id instanceof PickleTuple ? id.items : [];
  const element = type instanceof PickleGlobal && Object.hasOwn(storages, type.name) ? storages[type.name] : undefined;
  const isCount = typeof count === 'number' && Number.isSafeInteger(count) && count >= 0;
  if (kind !== 'storage' || element === undefined || typeof key !== 'string' || !isCount) {
    throw weightsError(file, 'pickle', 'a storage of numbers', 'another reference');
  }
  return new Storage(element, key, count);
}

/** The tensors by name: of the dict itself, or of the one inside it that checkpoints keep the weights in; notes of others like it. */
function stateDict(file: string, value: PickleValue): { views: [string, TensorView][]; notes: string[] } {
  if (!(value instanceof Map))
    throw weightsError(file, 'pickle', 'a state_dict', value instanceof TensorView ? 'one tensor' : 'no dict');
  const tensorsOf = (dict: PickleValue | undefined): [string, TensorView][] =>
    dict instanceof Map
      ? [...dict].filter(
          (pair): pair is [string, TensorView] => typeof pair[0] === 'string' && pair[1] instanceof TensorView,
        )
      : [];
  const own = tensorsOf(value);
  const key = keysOfWeights.find((name) => tensorsOf(value.get(name)).length > own.length);
  if (key !== undefined) {
    const views = tensorsOf(value.get(key));
    const twins = [...value.keys()].filter((name) => name !== key && tensorsOf(value.get(name)).length >= views.length);
    const notes = twins.map((twin) => `${file}: ${key} is read, ${String(twin)} beside it is not (save it alone)`);
    return { views, notes };
  }
  if (own.length > 0) return { views: own, notes: [] };
  const keys = [...value.keys()]
    .slice(0, 12)
    .map((key) => (typeof key === 'string' ? key.slice(0, 40) : typeof key))
    .join(', ');
  throw weightsError(
    file,
    'pickle',
    `tensors by name, or a dict of them as ${keysOfWeights.join(', ')}`,
    `the keys ${keys || '(none)'}`,
  );
}

function numbersOf(
  file: string,
  place: string,
  { storage, offset, shape, strides }: TensorView,
  count: number,
  bytes: Uint8Array,
): Float32Array {
  const type = elementTypes.get(storage.type);
  if (type === undefined) throw new TypeError(`no element type ${storage.type}`);
  if (bytes.length !== storage.count * type.bytes) {
    throw weightsError(file, `data/${storage.key}`, `${storage.count * type.bytes} bytes`, `${bytes.length}`);
  }
  const last = shape.reduce((at, size, axis) => at + (size - 1) * (strides[axis] ?? 0), offset);
  if (count > 0 && (last >= storage.count || count > storage.count)) {
    throw weightsError(file, place, `elements inside the ${storage.count} of its storage`, `element ${last}`);
  }
  if (count === 0) return new Float32Array(0);
  const begin = offset * type.bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset + begin, (last - offset + 1) * type.bytes);
  const span = type.decode(view, last - offset + 1);
  return isContiguous(shape, strides) ? span : gathered(span, shape, strides, count);
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] as number;
  }
  return true;
}

function gathered(
  span: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const place = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let at = 0; at < count; at++) {
    values[at] = span[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis] as number;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < (shape[axis] as number)) break;
      from -= (strides[axis] as number) * (shape[axis] as number);
      place[axis] = 0;
    }
  }
  return values;
}
