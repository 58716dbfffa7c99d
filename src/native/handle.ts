import { ConvoyError } from '../base/errors.js';
import type { Tensor } from '../base/tf.js';
import { attributeNames } from './attributes.js';
import { type Backend, rawAttribute, type TensorMetadata, typeNumbers } from './binding.js';
import type { Kernels, LoadedGraph, Native, OpAttribute, TensorId } from './types.js';

/** Types that the addon can copy out; others are cast first. */
const readable: ReadonlySet<number> = new Set([typeNumbers.float32, typeNumbers.int32, typeNumbers.bool]);
const floating: ReadonlySet<number> = new Set([typeNumbers.float64, typeNumbers.bfloat16, typeNumbers.float16]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `Native` over the addon of the calling thread. */
export class AddonNative implements Native {
  readonly tensorflowVersion: string;
  readonly kernels: Kernels;
  readonly #backend: Backend;
  /** Shape and type of every id handed out and not yet released or given to tfjs. */
  readonly #metadata = new Map<TensorId, TensorMetadata>();

  constructor(backend: Backend, kernels: Kernels) {
    this.#backend = backend;
    this.kernels = kernels;
    this.tensorflowVersion = backend.binding.TF_Version;
  }

  wrap(view: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): TensorId {
    const type = view instanceof Float32Array ? 'float32' : view instanceof Int32Array ? 'int32' : 'uint8';
    const elements = shape.reduce((product, side) => product * side, 1);
    if (elements !== view.length) {
      throw new ConvoyError(
        'CONVOY_NATIVE',
        `Expected ${elements} elements for a tensor of shape [${shape.join(', ')}] but found ${view.length}`,
      );
    }
    const id = this.#backend.binding.createTensor(shape, typeNumbers[type], view);
    this.#metadata.set(id, { id, shape: [...shape], dtype: typeNumbers[type] });
    return id;
  }

  scalarOf(bytes: Uint8Array): TensorId {
    const id = this.#backend.binding.createTensor([], typeNumbers.string, [bytes]);
    this.#metadata.set(id, { id, shape: [], dtype: typeNumbers.string });
    return id;
  }

  release(id: TensorId): void {
    this.#backend.binding.deleteTensor(id);
    this.#metadata.delete(id);
  }

  read(id: TensorId): Float32Array | Int32Array | Uint8Array {
    const type = this.#metadata.get(id)?.dtype ?? typeNumbers.float32;
    if (readable.has(type)) return this.#backend.binding.tensorDataSync(id);
    const cast = this.#cast(id, type, floating.has(type) ? typeNumbers.float32 : typeNumbers.int32);
    const values = this.#backend.binding.tensorDataSync(cast);
    this.#backend.binding.deleteTensor(cast);
    return type === typeNumbers.uint8 ? Uint8Array.from(values) : values;
  }

  shapeOf(id: TensorId): readonly number[] {
    return this.#known(id).shape;
  }

  execute(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorId[], outputs: number): TensorId[] {
    const unknown = attributes.find(({ name }) => !attributeNames.has(name));
    if (unknown !== undefined) {
      throw new ConvoyError(
        'CONVOY_NATIVE',
        `${op}: expected an attribute that src/native/attributes.ts lists but found ${unknown.name}`,
      );
    }
    try {
      return this.#keep(this.#backend.binding.executeOp(op, attributes.map(rawAttribute), inputs, outputs));
    } catch (error) {
      throw new ConvoyError('CONVOY_NATIVE', `${op}: ${messageOf(error)}`, { place: op }, error);
    }
  }

  toTensor(id: TensorId): Tensor {
    const metadata = this.#known(id);
    if (!readable.has(metadata.dtype)) {
      throw new ConvoyError(
        'CONVOY_NATIVE',
        `Expected a tensor of float32, int32 or bool but found TensorFlow type ${metadata.dtype}`,
      );
    }
    this.#metadata.delete(id);
    return this.#backend.createOutputTensor(metadata);
  }

  idOf(tensor: Tensor): TensorId {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    if (id === undefined) throw new ConvoyError('CONVOY_NATIVE', 'Expected an id for a tfjs tensor but found none');
    return id;
  }

  async loadGraph(folder: string): Promise<LoadedGraph> {
    const { binding } = this.#backend;
    const session = this.#session(folder);
    let open = true;
    return {
      run: (inputs, inputNames, outputNames) => {
        if (!open) throw new ConvoyError('CONVOY_MODEL', `${folder}: expected a loaded graph but it is disposed`);
        const from = typeof inputNames === 'string' ? inputNames : inputNames.join(',');
        const to = typeof outputNames === 'string' ? outputNames : outputNames.join(',');
        // TensorFlow's own threads take subnormal numbers, which are slow, as zero. Where it has none this thread does, as long
        // as it runs the graph: JavaScript and WebAssembly must not.
        const before = this.kernels.flushSubnormals?.(true);
        try {
          return this.#keep(binding.runSavedModel(session, inputs, from, to));
        } catch (error) {
          throw new ConvoyError('CONVOY_MODEL', `${folder}: ${messageOf(error)}`, { file: folder }, error);
        } finally {
          if (before !== undefined) this.kernels.flushSubnormals?.(before);
        }
      },
      dispose: () => {
        if (open) binding.deleteSavedModel(session);
        open = false;
      },
    };
  }

  #session(folder: string): number {
    try {
      return this.#backend.binding.loadSavedModel(folder, 'serve');
    } catch (error) {
      throw new ConvoyError('CONVOY_MODEL', `${folder}: ${messageOf(error)}`, { file: folder }, error);
    }
  }

  tensorCount(): number {
    return this.#backend.binding.getNumOfTensors();
  }

  #known(id: TensorId): TensorMetadata {
    const metadata = this.#metadata.get(id);
    if (metadata === undefined) throw new ConvoyError('CONVOY_NATIVE', `Expected a tensor's id but found ${id}`);
    return metadata;
  }

  #keep(made: readonly TensorMetadata[]): TensorId[] {
    return made.map((metadata) => {
      this.#metadata.set(metadata.id, metadata);
      return metadata.id;
    });
  }

  #cast(id: TensorId, from: number, to: number): TensorId {
    const type = { type: 4, name: '' };
    const [cast] = this.#backend.binding.executeOp(
      'Cast',
      [
        { ...type, name: 'SrcT', value: from },
        { ...type, name: 'DstT', value: to },
      ],
      [id],
      1,
    );
    if (cast === undefined) throw new ConvoyError('CONVOY_NATIVE', 'Cast: expected one output but found none');
    return cast.id;
  }
}
