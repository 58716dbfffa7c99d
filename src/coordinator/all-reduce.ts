/**
 * The all-reduce and optimizer step of a whole batch, on this thread or in slices on a pool. The slices change only who
 * computes: blocks are fixed, each is reduced in shard order, and sums over blocks are added in block order.
 */
import type {
  PassArguments,
  PassResult,
  Prepare,
  ReductionArguments,
  Slice,
  StepArguments,
  StepKernel,
  StepResult,
  StepSeconds,
} from '../optimizers/index.js';

/** A slice for another thread: blocks `begin` to `end` of a pass, or of an accumulation. Plain data. */
export interface SliceTask {
  /** Number of the pass; `accumulate` adds to the reduced gradient instead. */
  readonly pass: number | 'accumulate';
  readonly slice: Slice;
  readonly args: PassArguments;
}

/** Does a slice; what a worker runs with its own kernel. */
export function runSlice(kernel: StepKernel, { pass, slice, args }: SliceTask, prepare?: Prepare): PassResult {
  if (pass === 'accumulate') return { seconds: kernel.accumulate(args, slice, prepare), sums: [] };
  return kernel.pass(pass, slice, args, prepare);
}

/** Where slices go. */
export interface SliceOptions {
  /** How many slices to cut, this thread's included. */
  readonly slices: number;
  /** Whether this thread does the first slice while others do the rest; false where only workers can. */
  readonly here: boolean;
  /** Has another thread do a slice. */
  readonly send: (task: SliceTask) => Promise<PassResult>;
}

/** The slice for which a pass waits longest. */
export function slowest(results: readonly PassResult[]): PassResult {
  const total = ({ seconds }: PassResult): number => seconds.products + seconds.allReduce + seconds.optimizer;
  return results.reduce((a, b) => (total(b) > total(a) ? b : a));
}

/** Runs one pass in slices; seconds are those of the slowest slice, which is what the step waits for. */
async function passInSlices(
  kernel: StepKernel,
  pass: SliceTask['pass'],
  args: PassArguments,
  { slices, here, send }: SliceOptions,
): Promise<PassResult> {
  const tasks = kernel.slices(slices).map((slice): SliceTask => ({ pass, slice, args }));
  const own = here ? tasks.shift() : undefined;
  const sent = Promise.all(tasks.map(send));
  // Awaited below; without this a failed slice would be an unhandled rejection while this thread does its own.
  sent.catch(() => undefined);
  const results = own === undefined ? [] : [runSlice(kernel, own)];
  results.push(...(await sent));
  const [found] = results.flatMap(({ notFinite }) => notFinite ?? []);
  return {
    seconds: slowest(results).seconds,
    sums: results.flatMap(({ sums }) => sums),
    ...(found === undefined ? {} : { notFinite: found }),
  };
}

/** A whole step in slices: the bits of `kernel.run`. */
export async function stepInSlices(
  kernel: StepKernel,
  args: StepArguments,
  options: SliceOptions,
): Promise<StepResult> {
  const norms: (readonly number[])[] = [];
  let products = 0;
  let allReduce = 0;
  let optimizer = 0;
  let notFinite: string | undefined;
  for (let pass = 0; pass < kernel.passes; pass++) {
    const { seconds, sums, ...found } = await passInSlices(kernel, pass, { ...args, norms }, options);
    notFinite ??= found.notFinite;
    norms.push(kernel.norms(pass, sums));
    products += seconds.products;
    allReduce += seconds.allReduce;
    optimizer += seconds.optimizer;
  }
  return kernel.result({ products, allReduce, optimizer }, norms, notFinite);
}

/** An accumulation in slices: the bits of `kernel.accumulate`. */
export async function accumulateInSlices(
  kernel: StepKernel,
  args: ReductionArguments,
  options: SliceOptions,
): Promise<StepSeconds> {
  const { seconds } = await passInSlices(
    kernel,
    'accumulate',
    { step: 0, learningRate: 0, ...args, norms: [] },
    options,
  );
  return seconds;
}
