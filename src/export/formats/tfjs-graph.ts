import { join } from 'node:path';
import type { AttributeMessage, ShapeMessage } from '../../../proto/tensorflow.js';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { attributeMessage } from '../../graph/index.js';
import { type Attribute, dataTypeNumbers, type GraphNode, type Value, valueName } from '../../ops/index.js';
import { withConstants } from '../constants.js';
import { defineExport } from '../define.js';
import { outputName } from '../output-name.js';

/** Bytes of a file of weights, which browsers cache whole: as tfjs's converter has it. */
const shardBytes = 2 ** 22;

/** TensorFlow's names of element types, by number. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [dataTypeNumbers.float32, 'DT_FLOAT'],
  [dataTypeNumbers.int32, 'DT_INT32'],
  [dataTypeNumbers.uint8, 'DT_UINT8'],
  [dataTypeNumbers.int64, 'DT_INT64'],
  [dataTypeNumbers.bool, 'DT_BOOL'],
]);

/** tfjs's graph format: the graph of the SavedModel, for browsers; tfjs executes it and cannot train it. */
export const tfjsGraph = defineExport({
  name: 'tfjs-graph',
  description: "TensorFlow.js's graph format, for browsers and Node.js",
  reader: 'tfjs',
  preprocessing: 'possible',
  async write(content, folder) {
    const { nodes, input, output } = withConstants(content.graph());
    const constants = nodes.filter(({ op }) => op === 'Const');
    const bytes = Buffer.concat(constants.map((node) => bytesOf(node)));
    const paths: string[] = [];
    const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
    for (let start = 0; start < Math.max(1, bytes.length); start += shardBytes) {
      const path = `group1-shard${paths.length + 1}of${count}.bin`;
      await writeFileAtomic(join(folder, path), [bytes.subarray(start, start + shardBytes)]);
      paths.push(path);
    }
    const name = outputName(content.whole);
    const json = {
      format: 'graph-model',
      generatedBy: `convoy ${content.version}`,
      convertedBy: null,
      signature: { inputs: { images: tensorInfo(input) }, outputs: { [name]: tensorInfo(output) } },
      userDefinedMetadata: content.metadata,
      modelTopology: { node: nodes.map(nodeJson), library: {}, versions: { producer: 1087 } },
      weightsManifest: [{ paths, weights: constants.map(weightSpec) }],
    };
    await writeFileAtomic(join(folder, 'model.json'), [JSON.stringify(json)]);
    return {
      files: ['model.json', ...paths],
      usage: {
        language: 'js',
        code: `import * as tf from '@tensorflow/tfjs';
const model = await tf.loadGraphModel('model.json'); // a URL in browsers
const ${name} = model.predict(images);`,
      },
    };
  },
});

function constantOf(node: GraphNode): Extract<Attribute, { tensor: Uint8Array }> {
  const value = node.attributes['value'];
  if (typeof value !== 'object' || !('tensor' in value)) throw new TypeError(`${node.name} is no constant`);
  return value;
}

function bytesOf(node: GraphNode): Uint8Array {
  return constantOf(node).tensor;
}

function weightSpec(node: GraphNode) {
  const { type, shape } = constantOf(node);
  return { name: node.name, shape, dtype: type };
}

function tensorInfo(value: Value) {
  return {
    name: `${value.node.name}:${value.output}`,
    dtype: typeNames.get(dataTypeNumbers[value.type]),
    tensorShape: shapeJson({ dim: value.shape.map((size) => ({ size })) }),
  };
}

function shapeJson({ dim }: ShapeMessage) {
  return { dim: dim.map(({ size }) => ({ size: String(size) })) };
}

function nodeJson(node: GraphNode) {
  const input = [...node.inputs.map(valueName), ...node.controls.map(({ name }) => `^${name}`)];
  const attributes = Object.entries(node.attributes).filter(([key]) => !(node.op === 'Const' && key === 'value'));
  const attr = Object.fromEntries(attributes.map(([key, value]) => [key, attributeJson(attributeMessage(value))]));
  return { name: node.name, op: node.op, ...(input.length > 0 ? { input } : {}), attr };
}

/** protobuf's JSON form of an attribute: bytes in base64, 64-bit integers as text, types by name. */
function attributeJson(message: AttributeMessage): unknown {
  if ('s' in message) return { s: Buffer.from(message.s).toString('base64') };
  if ('i' in message) return { i: String(message.i) };
  if ('type' in message) return { type: typeNames.get(message.type) };
  if ('shape' in message) return { shape: shapeJson(message.shape) };
  if ('list' in message) {
    return 'i' in message.list
      ? { list: { i: message.list.i.map(String) } }
      : { list: { type: message.list.type.map((type) => typeNames.get(type)) } };
  }
  return message;
}
