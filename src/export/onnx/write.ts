import { encodeOnnx, type OnnxValueInfo } from '../../../proto/onnx.js';
import { ConvoyError } from '../../base/errors.js';
import type { InferenceGraph } from '../../graph/index.js';
import type { GraphNode, Value } from '../../ops/index.js';
import type { Quantization } from '../define.js';
import { axes, products } from './axes.js';
import { OnnxConverter, onnxType } from './converter.js';
import { elementwise } from './elementwise.js';
import { images } from './images.js';
import { quantizeDynamic } from './quantize.js';
import { shapes } from './shapes.js';
import type { OnnxLowerings } from './table.js';

/** ONNX by TensorFlow op. A layer needs no entry of its own: its lowering in src/layers is made of these. */
export const onnxLowerings: OnnxLowerings = { ...elementwise, ...images, ...axes, ...products, ...shapes };

/** Versions of ONNX's operators that convoy writes, with the version of the file format that goes with each. */
export const onnxOpsets: ReadonlyMap<number, number> = new Map([
  [13, 7],
  [14, 7],
  [15, 8],
  [16, 8],
  [17, 8],
  [18, 8],
  [19, 9],
  [20, 9],
  [21, 10],
]);

/** What a file says beside the graph. */
export interface OnnxOptions {
  /** A key of `onnxOpsets`. */
  readonly opset: number;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly outputName: string;
  /** Weights and activations in 8 bits. */
  readonly quantize?: Quantization | undefined;
}

/** Ops that come to the file as initializers or inputs. */
const held = new Set(['Const', 'Placeholder']);

/**
 * A graph as the bytes of an `.onnx` file: input `images`, [batch, height, width, channels] as TensorFlow's; convolutions are
 * in ONNX's order of axes.
 *
 * @throws ConvoyError `CONVOY_MODEL` naming the op that ONNX lacks.
 */
export function writeOnnx(graph: InferenceGraph, options: OnnxOptions): Uint8Array {
  const { input, output } = graph;
  const { opset, name, version, description, metadata, outputName } = options;
  const onnx = new OnnxConverter(opset, graph.weights, consumersOf(graph));
  onnx.unique(outputName);
  onnx.set(input, onnx.unique(input.node.name));
  for (const node of graph.nodes) {
    if (held.has(node.op)) continue;
    const lower = onnxLowerings[node.op];
    if (lower === undefined) {
      throw new ConvoyError('CONVOY_MODEL', `${node.name}: expected an op that ONNX has but found ${node.op}`, {
        place: node.name,
      });
    }
    lower(onnx, node);
  }
  const last = onnx.last(output);
  const { nodes, initializers } = options.quantize === undefined ? onnx : quantizeDynamic(onnx);
  const end = { input: [last], output: [outputName], name: `${outputName}/end`, opType: 'Identity', attribute: [] };
  return encodeOnnx({
    irVersion: onnxOpsets.get(opset) ?? 8,
    producerName: 'convoy',
    producerVersion: version,
    docString: description,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name,
      node: [...nodes, end],
      initializer: initializers,
      input: [info(input, input.node.name)],
      output: [info(output, outputName)],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

function consumersOf({ nodes }: InferenceGraph): Map<Value, GraphNode[]> {
  const consumers = new Map<Value, GraphNode[]>();
  for (const node of nodes) {
    for (const value of node.inputs) consumers.set(value, [...(consumers.get(value) ?? []), node]);
  }
  return consumers;
}

function info({ type, shape }: Value, name: string): OnnxValueInfo {
  const dim = shape.map((size) => (size < 0 ? { dimParam: 'batch' } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: onnxType(type), shape: { dim } } } };
}
