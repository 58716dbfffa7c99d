import { compileKernels, type Kernel } from './compile.js';
import { add, type Expression, kernelProgram, lane, multiply, scalar } from './expression.js';

/** Arrays one loop reads; more are added in further loops, in order. */
const sourcesPerLoop = 4;

/** An array to be added with a coefficient. */
export interface Addend {
  /** Of its first element, a multiple of 16. */
  readonly address: number;
  readonly coefficient: number;
}

/** `destination[i] = sum over sources, in order, of coefficient * source[i]`; each step rounded to float32. */
export type Reducer = (destination: number, length: number, sources: readonly Addend[]) => void;

/** The sum of `count` sources; with `onto`, added to what the destination holds. */
function combination(count: number, onto: boolean): Expression {
  let sum: Expression | undefined = onto ? lane('destination') : undefined;
  for (let index = 0; index < count; index++) {
    const term = multiply(scalar(`coefficient${index}`), lane(`source${index}`));
    sum = sum === undefined ? term : add(sum, term);
  }
  return sum ?? lane('destination');
}

/** Compiles the reduction over a shared memory. Destination and sources may be the same array, not overlap otherwise. */
export function openReducer(memory: WebAssembly.Memory): Reducer {
  const counts = Array.from({ length: sourcesPerLoop }, (_, index) => index + 1);
  const programs = [false, true].flatMap((onto) =>
    counts.map((count): [string, ReturnType<typeof kernelProgram>] => [
      `${onto ? 'add' : 'set'}${count}`,
      kernelProgram(new Map([['destination', combination(count, onto)]])),
    ]),
  );
  const kernels = compileKernels(memory, Object.fromEntries(programs));
  const loops = programs.map(([name, program]): { kernel: Kernel; lanes: readonly number[] } => {
    const kernel = kernels[name];
    if (kernel === undefined) throw new Error(`kernel ${name} was not compiled`);
    // -1 stands for the destination, other numbers for sources.
    return { kernel, lanes: program.lanes.map((n) => (n === 'destination' ? -1 : Number(n.slice('source'.length)))) };
  });
  return (destination, length, sources) => {
    if (sources.length === 0) throw new RangeError('a reduction needs a source');
    for (let first = 0; first < sources.length; first += sourcesPerLoop) {
      const part = sources.slice(first, first + sourcesPerLoop);
      const loop = loops[(first === 0 ? 0 : sourcesPerLoop) + part.length - 1];
      loop?.kernel(
        length,
        loop.lanes.map((which) => part[which]?.address ?? destination),
        part.map((source) => source.coefficient),
      );
    }
  };
}
