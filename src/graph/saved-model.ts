import {
  type AttributeMessage,
  encodeSavedModel,
  type NodeMessage,
  type ShapeMessage,
  type TensorInfoMessage,
} from '../../proto/tensorflow.js';
import { type Attribute, dataTypeNumbers, type GraphNode, type Shape, type Value } from '../ops/index.js';

/** GraphDef version that TensorFlow 2.9 wrote; every later one reads it. */
const producerVersion = 1087;

/** Named values of a signature. */
interface Signature {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
}

/** Writes nodes as the bytes of a `saved_model.pb` with the tag `serve` and the signature `serving_default`. */
export function writeSavedModel(nodes: readonly GraphNode[], signature: Signature, version: string): Uint8Array {
  return encodeSavedModel({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'], tensorflowVersion: version },
        graphDef: { node: nodes.map(nodeMessage), versions: { producer: producerVersion } },
        signatureDef: {
          serving_default: {
            inputs: mapValues(signature.inputs, tensorInfo),
            outputs: mapValues(signature.outputs, tensorInfo),
            methodName: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  });
}

function nodeMessage(node: GraphNode): NodeMessage {
  return {
    name: node.name,
    op: node.op,
    input: [
      ...node.inputs.map((value) => (value.output === 0 ? value.node.name : `${value.node.name}:${value.output}`)),
      ...node.controls.map((control) => `^${control.name}`),
    ],
    attr: mapValues(node.attributes, attributeMessage),
  };
}

/** The message of an attribute. */
export function attributeMessage(attribute: Attribute): AttributeMessage {
  if (typeof attribute === 'boolean') return { b: attribute };
  if (typeof attribute === 'number') return { i: attribute };
  if (typeof attribute === 'string') return { s: Buffer.from(attribute) };
  if ('tensor' in attribute) {
    const { tensor, type, shape } = attribute;
    return { tensor: { dtype: dataTypeNumbers[type], tensorShape: shapeMessage(shape), tensorContent: tensor } };
  }
  if ('float' in attribute) return { f: attribute.float };
  if ('type' in attribute) return { type: dataTypeNumbers[attribute.type] };
  if ('types' in attribute) return { list: { type: attribute.types.map((type) => dataTypeNumbers[type]) } };
  if ('shape' in attribute) return { shape: shapeMessage(attribute.shape) };
  return { list: { i: attribute.integers } };
}

function tensorInfo(value: Value): TensorInfoMessage {
  return {
    name: `${value.node.name}:${value.output}`,
    dtype: dataTypeNumbers[value.type],
    tensorShape: shapeMessage(value.shape),
  };
}

function shapeMessage(shape: Shape): ShapeMessage {
  return { dim: shape.map((size) => ({ size })) };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
