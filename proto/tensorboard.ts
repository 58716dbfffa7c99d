import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** `TensorProto`: numbers in `tensorContent`, texts and images in `stringVal`. */
export interface TensorValue {
  readonly dtype: number;
  readonly tensorShape: { readonly dim: readonly { readonly size: number }[] };
  readonly tensorContent?: Uint8Array;
  readonly stringVal?: readonly Uint8Array[];
}

/** `Summary.Value`: a tag with its value and the plugin that shows it. */
export interface SummaryValue {
  readonly tag: string;
  readonly tensor: TensorValue;
  readonly metadata: {
    readonly pluginData: { readonly pluginName: string; readonly content?: Uint8Array };
    readonly dataClass: number;
  };
}

/** `Event`. */
export type EventMessage = { readonly wallTime: number; readonly step?: number } & (
  | { readonly fileVersion: string }
  | { readonly graphDef: Uint8Array }
  | { readonly summary: { readonly value: readonly SummaryValue[] } }
);

let root: protobuf.Root | undefined;

/** Encodes a message of `tensorboard.proto`, by its name. */
export function encodeTensorBoard(
  name: 'Event' | 'GraphDef' | 'HParamsPluginData' | 'PrCurvePluginData',
  message: object,
): Uint8Array {
  // The .proto file stays beside the sources: tsc copies no such files.
  root ??= protobuf.parse(readFileSync(new URL('../../proto/tensorboard.proto', import.meta.url), 'utf8')).root;
  const type = root.lookupType(`convoy.tensorboard.${name}`);
  return type.encode(type.fromObject(message)).finish();
}
