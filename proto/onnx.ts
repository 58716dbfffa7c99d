import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** `AttributeProto`: `type` says which of the other fields holds the value. */
export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
}

/** `NodeProto`. */
export interface OnnxNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly OnnxAttribute[];
}

/** `TensorProto`; all elements in `rawData`. */
export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name: string;
  readonly rawData: Uint8Array;
}

/** `ValueInfoProto` of a tensor; a size of text is free. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly ({ readonly dimValue: number } | { readonly dimParam: string })[] };
    };
  };
}

/** `ModelProto` with what convoy writes of it. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly docString: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly OnnxNode[];
    readonly initializer: readonly OnnxTensor[];
    readonly input: readonly OnnxValueInfo[];
    readonly output: readonly OnnxValueInfo[];
  };
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}

let modelType: protobuf.Type | undefined;

function model(): protobuf.Type {
  modelType ??= protobuf
    .parse(readFileSync(new URL('../../proto/onnx.proto', import.meta.url), 'utf8'))
    .root.lookupType('convoy.onnx.ModelProto');
  return modelType;
}

/** Encodes a model: the bytes of an `.onnx` file. */
export function encodeOnnx(message: OnnxModel): Uint8Array {
  const type = model();
  return type.encode(type.fromObject(message)).finish();
}

/** Decodes what `encodeOnnx` wrote. */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  const type = model();
  return type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as OnnxModel;
}
