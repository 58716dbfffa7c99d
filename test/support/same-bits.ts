import type { ExecutionContext } from 'ava';

/** Asserts that tensors are equal to the bit. Ava's own `deepEqual` takes seconds for a million numbers. */
export function sameBits(
  t: ExecutionContext,
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  message = '',
): void {
  t.deepEqual([...actual.keys()], [...expected.keys()], message);
  t.true(expected.size > 0, 'there is something to compare');
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  for (const [name, values] of expected) {
    t.true(bytes(actual.get(name) as Float32Array).equals(bytes(values)), `${message} ${name}`);
  }
}
