import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** `TensorShapeProto`. */
export interface ShapeMessage {
  readonly dim: readonly { readonly size: number }[];
}

/** `TensorProto`; all elements in `tensorContent`. */
export interface TensorMessage {
  readonly dtype: number;
  readonly tensorShape: ShapeMessage;
  readonly tensorContent: Uint8Array;
}

/** `AttrValue`: exactly one field. */
export type AttributeMessage =
  | { readonly list: { readonly i: readonly number[] } | { readonly type: readonly number[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: ShapeMessage }
  | { readonly tensor: TensorMessage };

/** `NodeDef`. */
export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeMessage>>;
}

/** `TensorInfo`. */
export interface TensorInfoMessage {
  readonly name: string;
  readonly dtype: number;
  readonly tensorShape: ShapeMessage;
}

/** `SignatureDef`. */
export interface SignatureMessage {
  readonly inputs: Readonly<Record<string, TensorInfoMessage>>;
  readonly outputs: Readonly<Record<string, TensorInfoMessage>>;
  readonly methodName: string;
}

/** `SavedModel` with what convoy writes of it. */
export interface SavedModelMessage {
  readonly savedModelSchemaVersion: number;
  readonly metaGraphs: readonly {
    readonly metaInfoDef: { readonly tags: readonly string[]; readonly tensorflowVersion: string };
    readonly graphDef: { readonly node: readonly NodeMessage[]; readonly versions: { readonly producer: number } };
    readonly signatureDef: Readonly<Record<string, SignatureMessage>>;
  }[];
}

let savedModelType: protobuf.Type | undefined;

/** The message type, parsed once from the `.proto` file, which stays beside the sources (tsc copies no such files). */
function savedModel(): protobuf.Type {
  savedModelType ??= protobuf
    .parse(readFileSync(new URL('../../proto/tensorflow.proto', import.meta.url), 'utf8'))
    .root.lookupType('convoy.tensorflow.SavedModel');
  return savedModelType;
}

/** Encodes a SavedModel: the bytes of a `saved_model.pb`. */
export function encodeSavedModel(message: SavedModelMessage): Uint8Array {
  const type = savedModel();
  return type.encode(type.fromObject(message)).finish();
}
