/**
 * Python's pickle (PEP 3154), read without executing anything: an opcode either builds a plain value or is refused, and a
 * class or a function is only ever a name that the caller knows what to make of.
 */

/** A dict of Python. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** A class or a function by module and name. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** A tuple, unlike a list. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** What a pickle may hold: bytes of Python 3 and texts of Python 2 as bytes; objects are the caller's own. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | object;

/** What the caller makes of names and of references to storages. */
export interface PickleVocabulary {
  /** What the pickle holds, in words, for the error about another name: `tensors and plain values`. */
  readonly content: string;
  /** Names of classes and functions that are known. */
  readonly globals: ReadonlySet<string>;
  /** What a known function gives for its arguments. */
  call(name: string, parameters: readonly PickleValue[]): PickleValue;
  /** An object with its state; undefined where none is known. What a dict carries beside its items says nothing. */
  build?(object: PickleValue, state: PickleValue): PickleValue | undefined;
  /** The value of a persistent id, where there are any. */
  persistent?(id: PickleValue): PickleValue;
  /** The error for a damaged file. */
  error(place: string, expected: string, found: string): Error;
}

/** Marks the beginning of a list on the stack. */
const mark = Symbol('mark');
type Item = PickleValue | typeof mark;

/** Keeps a reader of one pickle: bytes, stack, memo. */
class Reader {
  readonly #view: DataView;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly vocabulary: PickleVocabulary,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  fail(expected: string, found: string): Error {
    return this.vocabulary.error(`pickle at byte ${this.#at}`, expected, found);
  }

  take(length: number): Uint8Array {
    if (!(length >= 0 && this.#at + length <= this.bytes.length)) throw this.fail(`${length} more bytes`, 'the end');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  number(size: 1 | 2 | 4, signed = false): number {
    this.take(size);
    const at = this.#at - size;
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    return signed ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
  }

  float(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8);
  }

  text(length: number): string {
    return Buffer.from(this.take(length)).toString('utf8');
  }

  /** A length of 64 bits, of which a file that is there needs 53. */
  size(): number {
    return this.number(4) + 2 ** 32 * this.number(4);
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.fail('the end of a line', 'the end');
    const text = this.text(end - this.#at);
    this.take(1);
    return text;
  }

  /** Whole numbers beyond 2^53 lose digits; none of a state_dict is that large. */
  long(length: number): number {
    return this.take(length).reduceRight(
      (value, byte, at) => value * 256 + (at === length - 1 && byte > 127 ? byte - 256 : byte),
      0,
    );
  }

  push(value: Item): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.fail('a value', 'none on the stack');
    return value;
  }

  popToMark(): PickleValue[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) throw this.fail('a mark', 'none on the stack');
    return this.#stack.splice(from).slice(1) as PickleValue[];
  }

  remember(place: number): void {
    const value = this.pop();
    this.#memo.set(place, value);
    this.push(value);
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw this.fail('a remembered value', `none at ${place}`);
    this.push(value);
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.fail('the name of a class', 'other values');
    const full = `${module}.${name}`;
    if (!this.vocabulary.globals.has(full)) throw this.fail(this.vocabulary.content, full.slice(0, 100));
    this.push(new PickleGlobal(full));
  }

  reduce(): void {
    const parameters = this.pop();
    const called = this.pop();
    if (!(called instanceof PickleGlobal) || !(parameters instanceof PickleTuple)) {
      throw this.fail('a function and its arguments', 'other values');
    }
    this.push(this.vocabulary.call(called.name, parameters.items));
  }

  setItems(pairs: readonly PickleValue[]): void {
    const dict = this.pop();
    if (!(dict instanceof Map) || pairs.length % 2 !== 0) throw this.fail('a dict and pairs', 'other values');
    for (let at = 0; at < pairs.length; at += 2) dict.set(pairs[at] as PickleValue, pairs[at + 1] as PickleValue);
    this.push(dict);
  }

  append(items: readonly PickleValue[]): void {
    const list = this.pop();
    if (!Array.isArray(list)) throw this.fail('a list', 'another value');
    for (const item of items) list.push(item);
    this.push(list);
  }

  build(): void {
    const state = this.pop();
    const object = this.pop();
    const built = object instanceof Map ? object : this.vocabulary.build?.(object, state);
    if (built === undefined) throw this.fail('the state of a dict', 'that of another value');
    this.push(built);
  }

  persistent(): void {
    const id = this.pop();
    if (this.vocabulary.persistent === undefined) throw this.fail('a value', 'a reference to another place');
    this.push(this.vocabulary.persistent(id));
  }

  /** Runs until STOP. */
  read(): PickleValue {
    for (;;) {
      const code = this.number(1);
      if (code === 0x2e) return this.pop();
      const operation = operations[code];
      if (operation === undefined)
        throw this.fail('an operation of plain values', `0x${code.toString(16).padStart(2, '0')}`);
      operation(this);
    }
  }
}

const tuple =
  (length: number) =>
  (reader: Reader): void => {
    const items = Array.from({ length }, () => reader.pop()).reverse();
    reader.push(new PickleTuple(items));
  };

/** By opcode, as Python's `pickletools` names them. */
const operations: Readonly<Record<number, (reader: Reader) => void>> = {
  128: (r) => void r.number(1), // PROTO
  149: (r) => void r.take(8), // FRAME
  40: (r) => r.push(mark), // MARK
  78: (r) => r.push(null), // NONE
  136: (r) => r.push(true), // NEWTRUE
  137: (r) => r.push(false), // NEWFALSE
  74: (r) => r.push(r.number(4, true)), // BININT
  75: (r) => r.push(r.number(1)), // BININT1
  77: (r) => r.push(r.number(2)), // BININT2
  138: (r) => r.push(r.long(r.number(1))), // LONG1
  71: (r) => r.push(r.float()), // BINFLOAT
  84: (r) => r.push(r.take(r.number(4))), // BINSTRING: a text of Python 2, mostly of bytes
  85: (r) => r.push(r.take(r.number(1))), // SHORT_BINSTRING
  66: (r) => r.push(r.take(r.number(4))), // BINBYTES
  67: (r) => r.push(r.take(r.number(1))), // SHORT_BINBYTES
  142: (r) => r.push(r.take(r.size())), // BINBYTES8
  150: (r) => r.push(r.take(r.size())), // BYTEARRAY8
  141: (r) => r.push(r.text(r.size())), // BINUNICODE8
  88: (r) => r.push(r.text(r.number(4))), // BINUNICODE
  140: (r) => r.push(r.text(r.number(1))), // SHORT_BINUNICODE
  125: (r) => r.push(new Map()), // EMPTY_DICT
  93: (r) => r.push([]), // EMPTY_LIST
  41: (r) => r.push(new PickleTuple([])), // EMPTY_TUPLE
  116: (r) => r.push(new PickleTuple(r.popToMark())), // TUPLE
  133: tuple(1), // TUPLE1
  134: tuple(2), // TUPLE2
  135: tuple(3), // TUPLE3
  113: (r) => r.remember(r.number(1)), // BINPUT
  114: (r) => r.remember(r.number(4)), // LONG_BINPUT
  148: (r) => r.rememberNext(), // MEMOIZE
  104: (r) => r.recall(r.number(1)), // BINGET
  106: (r) => r.recall(r.number(4)), // LONG_BINGET
  99: (r) => r.global(r.line(), r.line()), // GLOBAL
  // STACK_GLOBAL
  147: (r) => {
    const name = r.pop();
    r.global(r.pop(), name);
  },
  82: (r) => r.reduce(), // REDUCE
  129: (r) => r.reduce(), // NEWOBJ: a class and what it is made of
  98: (r) => r.build(), // BUILD
  81: (r) => r.persistent(), // BINPERSID
  // SETITEM
  115: (r) => {
    const value = r.pop();
    r.setItems([r.pop(), value]);
  },
  117: (r) => r.setItems(r.popToMark()), // SETITEMS
  97: (r) => r.append([r.pop()]), // APPEND
  101: (r) => r.append(r.popToMark()), // APPENDS
};

/**
 * The value of a pickle.
 *
 * @throws the vocabulary's error with the place, for a name, an operation or a value outside the vocabulary, and for damage.
 */
export function readPickle(bytes: Uint8Array, vocabulary: PickleVocabulary): PickleValue {
  return new Reader(bytes, vocabulary).read();
}
