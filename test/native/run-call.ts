import type { Native, OpAttribute, TensorId } from '../../src/native/index.js';
import type { WrongCall } from './wrong-calls.js';

/** Runs one op at once, on zeros; throws what it throws. */
export function runCall(native: Native, { op, type, lists, floats, inputs, outputs }: WrongCall): void {
  const attributes: OpAttribute[] = [
    ...Object.entries(lists).map(([name, value]) => ({ name, kind: 'ints', value }) as const),
    ...Object.entries(floats).map(([name, value]) => ({ name, kind: 'float', value }) as const),
  ];
  if (op !== 'ConvoyRowProducts') attributes.push({ name: 'T', kind: 'type', value: type });
  const ids: TensorId[] = [];
  const keep = (id: TensorId): TensorId => {
    ids.push(id);
    return id;
  };
  try {
    const fed = inputs.map((input): TensorId => {
      const size = input.shape.reduce((product, side) => product * side, 1);
      if (input.type === 'uint8') return keep(native.wrap(new Uint8Array(size), input.shape));
      if (input.type === 'int32')
        return keep(native.wrap(Int32Array.from(input.data ?? new Array<number>(size).fill(0)), input.shape));
      const float = keep(native.wrap(new Float32Array(size), input.shape));
      if (input.type === 'float32' || type === 'float32') return float;
      const cast = [
        { name: 'SrcT', kind: 'type', value: 'float32' },
        { name: 'DstT', kind: 'type', value: 'bfloat16' },
      ] as const;
      return keep(native.execute('Cast', cast, [float], 1)[0] as TensorId);
    });
    for (const id of native.execute(op, attributes, fed, outputs)) keep(id);
  } finally {
    for (const id of ids) native.release(id);
  }
}
