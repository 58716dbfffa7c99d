/** Piscina entry of the gradient pool: one engine a thread, made when the thread starts. */
import { workerData as piscinaData, threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { ConvoyError, flattenError } from '../src/base/errors.js';
import {
  BatchEnd,
  isFiniteLoss,
  runSlice,
  type SliceTask,
  StepBarrier,
  type StepShare,
  type WorkerReply,
  type WorkerSetup,
  type WorkerTask,
} from '../src/coordinator/in-worker.js';
import { createEngine, type Engine, type ShardTask } from '../src/engine/in-worker.js';
import { Arena, slotNames } from '../src/memory/index.js';
import { loadNativeInWorker, type Native } from '../src/native/index.js';
import { blockFloats, openStepKernel, type PassResult, type StepKernel } from '../src/optimizers/index.js';

const setup = (workerData ?? piscinaData) as WorkerSetup;
const arena = Arena.open(setup.arena);
const batchEnd = new BatchEnd(arena, setup.layout);
const barrier = new StepBarrier(arena, setup.spin);

let native: Native | undefined;
let engine: Engine | undefined;
/** By scratch block. */
const kernels = new Map<number, StepKernel>();

async function openEngine(): Promise<Engine> {
  native ??= await loadNativeInWorker({ tensors: setup.engine.kind === 'eager' });
  return createEngine({ native, arena, layout: setup.layout, spec: setup.spec, seed: setup.seed }, setup.engine);
}

function openKernel(scratch: number): StepKernel {
  let kernel = kernels.get(scratch);
  if (kernel === undefined) {
    const place = arena.slot(slotNames.scratch).byteOffset + scratch * blockFloats * 4;
    kernel = openStepKernel(setup.kernel, arena.memory, place);
    kernels.set(scratch, kernel);
  }
  return kernel;
}

/** Computes the unit of a gradient that begins at a float, from the factors that all shards have left; returns its place. */
function multiply(whole: Engine, begin: number, scratch: number): number {
  const { factors, parameters } = setup.layout;
  for (const [factor, { index, outputs }] of factors.entries()) {
    const { offset, length } = parameters[index] as (typeof parameters)[number];
    if (begin < offset || begin >= offset + length) continue;
    if (whole.product === undefined) throw new TypeError(`the ${whole.name} engine multiplies no factors`);
    whole.product({ factor, row: (begin - offset) / outputs, scratch });
    return arena.slot(slotNames.product(scratch)).byteOffset;
  }
  throw new RangeError(`no factors at float ${begin}`);
}

async function doSlice(slice: SliceTask, scratch: number): Promise<PassResult> {
  const { factors } = setup.layout;
  const whole = factors.length === 0 ? undefined : (engine ??= await openEngine());
  return runSlice(openKernel(scratch), slice, whole && ((begin) => multiply(whole, begin, scratch)));
}

/** This worker's part of the step, once all shards have their gradients; undefined where these must not move the weights. */
async function doShare(
  { shard, slot }: ShardTask,
  { shards, slice, scratch, args }: StepShare,
): Promise<PassResult | undefined> {
  const mayStep = barrier.pass(shard, shards.length, () => {
    if (!isFiniteLoss(batchEnd.sums(slot, shards))) return false;
    batchEnd.close(shards, batchEnd.mixture(slot, shards, 0));
    return true;
  });
  if (!mayStep) return undefined;
  return doSlice({ pass: 0, slice, args: { ...args, ...batchEnd.mixture(slot, shards, 0), norms: [] } }, scratch);
}

// Made now, so that the first task finds it; if it fails, that task tells why.
const first = openEngine().then(
  (made) => {
    engine = made;
  },
  () => undefined,
);

/** Milliseconds on a clock that all threads share. */
const now = (): number => performance.timeOrigin + performance.now();

/** Does one task; answers with an error rather than throwing, so that its code survives the thread border. */
export default async function run(task: WorkerTask): Promise<WorkerReply> {
  try {
    await first;
    const started = now();
    let ended: number | undefined;
    let result: PassResult | undefined;
    if (task.kind === 'step') {
      result = await doSlice(task.slice, task.scratch);
    } else {
      engine ??= await openEngine();
      if (task.kind === 'gradients') {
        engine.gradients(task.task);
        ended = now();
        if (task.share !== undefined) result = await doShare(task.task, task.share);
      } else if (task.kind === 'evaluate') engine.evaluate(task.task);
      else if (engine.features !== undefined) engine.features(task.task);
      else throw new TypeError(`the ${engine.name} engine gives no features`);
    }
    return { kind: 'done', thread: threadId, started, ended: ended ?? now(), ...(result ? { result } : {}) };
  } catch (error) {
    // What an engine looks like after a fault is unknown: the next task gets a new one.
    if (!(error instanceof ConvoyError)) {
      const faulty = engine;
      engine = undefined;
      try {
        faulty?.dispose();
      } catch (second) {
        // Both are told: the first is why the second happened.
        return {
          kind: 'failed',
          error: flattenError(new AggregateError([error, second], `${String(error)}; and then ${String(second)}`)),
        };
      }
    }
    return { kind: 'failed', error: flattenError(error) };
  }
}
