/**
 * The thread that owns MPI. It looks at what is under way, again and again, and naps in between: MPI's own waiting would
 * keep a core busy, and hold the thread so that it could not be ended.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { ConvoyError, flattenError } from '../base/errors.js';
import { openReducer, type Reducer } from '../kernels/index.js';
import { Chain } from './chain.js';
import type { Command, Reply, ThreadSetup, Work } from './messages.js';
import { type Mpi, openMpi } from './mpi.js';
import { broadcasting, gathering, type Operation, waitingForAll } from './operations.js';
import { PeerWatch } from './peer-watch.js';
import { Slices } from './slices.js';

/** Looks without progress before a nap. */
const looks = 30;
/** Milliseconds of a nap while something is under way, and while nothing is. */
const naps = { short: 0.05, long: 5 } as const;
/** Milliseconds that the main thread has to end the process once a neighbour is lost. */
const patience = 10_000;
/** That of CONVOY_CLUSTER in docs/errors.md. */
const lostExitCode = 4;

const setup = workerData as ThreadSetup;
const { bell } = setup;
const port = parentPort;
if (port === null) throw new TypeError('this file is a worker');

const reply = (message: Reply): void => port.postMessage(message);

interface Queued {
  readonly id: number;
  readonly work: Work;
  operation?: Operation;
}

class Owner {
  readonly #mpi: Mpi;
  readonly #watch: PeerWatch;
  readonly #queue: Queued[] = [];
  #memory: { readonly view: Uint8Array; readonly reduce: Reducer } | undefined;
  #rung = -1;

  constructor() {
    this.#mpi = openMpi(setup.file);
    this.#mpi.init();
    this.#watch = new PeerWatch(this.#mpi, setup.timeout * 1000, performance.now());
    reply({ kind: 'ready', rank: this.#mpi.rank(), size: this.#mpi.size() });
  }

  /** Until all ranks have ended. */
  run(): void {
    for (let still = 0; ; ) {
      this.#hear();
      const lost = this.#watch.look(performance.now());
      if (lost !== undefined) return this.#giveUp(lost);
      const [head] = this.#queue;
      if (head === undefined) {
        Atomics.wait(bell, 0, this.#rung, naps.long);
        continue;
      }
      head.operation ??= this.#begin(head.work);
      const progress = head.operation.advance();
      if (progress === 'done') {
        this.#queue.shift();
        if (head.work.kind === 'end') this.#end();
        reply({ kind: 'done', id: head.id, sentBytes: head.operation.sentBytes });
        if (head.work.kind === 'end') return;
      }
      still = progress === 'waiting' ? still + 1 : 0;
      if (still > looks) Atomics.wait(bell, 0, this.#rung, naps.short);
    }
  }

  #hear(): void {
    const rung = Atomics.load(bell, 0);
    if (rung === this.#rung) return;
    this.#rung = rung;
    for (;;) {
      const received = port === null ? undefined : receiveMessageOnPort(port);
      if (received === undefined) return;
      const command = received.message as Command;
      if (command.kind === 'abort') this.#mpi.abort(command.code);
      else if (command.kind === 'work') this.#queue.push({ id: command.id, work: command.work });
      else {
        const { memory } = command;
        const view = new Uint8Array(memory.buffer as unknown as SharedArrayBuffer);
        this.#memory = { view, reduce: openReducer(memory) };
      }
    }
  }

  #begin(work: Work): Operation {
    if (work.kind === 'gather') return gathering(this.#mpi, work.memories);
    if (work.kind === 'broadcast') return broadcasting(this.#mpi, work.bytes);
    if (work.kind === 'end') return waitingForAll(this.#mpi);
    if (this.#memory === undefined) throw new TypeError('a sum came before its memory');
    const { view, reduce } = this.#memory;
    const { staging } = work.sum;
    return staging === undefined
      ? new Chain(this.#mpi, view, reduce, work.sum)
      : new Slices(this.#mpi, view, reduce, work.sum, staging);
  }

  #end(): void {
    this.#watch.end();
    this.#mpi.finalize();
  }

  /** Tells the main thread, which ends the process in order; if it is held itself, all ranks are ended here. */
  #giveUp(rank: number): void {
    const message =
      `Expected a sign of life from rank ${rank} but none came for ${setup.timeout} seconds: its machine was stopped, ` +
      `or cannot be reached; --resume goes on from the last checkpoint, and --cluster-timeout waits longer`;
    reply({ kind: 'failed', error: flattenError(new ConvoyError('CONVOY_CLUSTER', message, { rank })) });
    for (const until = performance.now() + patience; performance.now() < until; ) {
      this.#hear();
      Atomics.wait(bell, 0, this.#rung, naps.long);
    }
    this.#mpi.abort(lostExitCode);
  }

  /** After a failure: nothing is done any more but to end all ranks, when the main thread says so. */
  waitForAbort(): void {
    for (;;) {
      this.#hear();
      Atomics.wait(bell, 0, this.#rung, naps.long);
    }
  }
}

let owner: Owner | undefined;
try {
  owner = new Owner();
  owner.run();
} catch (error) {
  const known = error instanceof ConvoyError ? error : undefined;
  const text = `Open MPI failed: ${error instanceof Error ? error.message : String(error)}`;
  reply({ kind: 'failed', error: flattenError(known ?? new ConvoyError('CONVOY_CLUSTER', text)) });
  owner?.waitForAbort();
}
