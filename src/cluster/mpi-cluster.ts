import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { ConvoyError, reviveError } from '../base/errors.js';
import type { Cluster, ClusterMember, ClusterNetwork, ClusterSum, GatheredMemory } from '../contracts/index.js';
import { measureNetwork } from './measure-network.js';
import type { Command, Reply, ThreadSetup, Work } from './messages.js';
import { addonFile, needAddon } from './mpi.js';

export interface ClusterOptions {
  /** That this process may use. */
  readonly cores: number;
  /** Seconds without a sign of life after which a rank is given up. */
  readonly timeout: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The ranks of Open MPI, through a thread that owns it. */
export class MpiCluster implements Cluster {
  readonly rank: number;
  readonly size: number;
  members: readonly ClusterMember[] = [];
  network: ClusterNetwork = { bandwidth: Number.POSITIVE_INFINITY, latency: 0 };
  sentBytes = 0;
  readonly #worker: Worker;
  readonly #bell: Int32Array<SharedArrayBuffer>;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #failure: Error | undefined;
  #memory: WebAssembly.Memory | undefined;

  private constructor(worker: Worker, bell: Int32Array<SharedArrayBuffer>, rank: number, size: number) {
    this.#worker = worker;
    this.#bell = bell;
    this.rank = rank;
    this.size = size;
    worker.on('message', (reply: Reply) => {
      if (reply.kind === 'done') {
        this.sentBytes += reply.sentBytes;
        this.#settle(reply.id);
      } else if (reply.kind === 'failed') this.#fail(reviveError(reply.error));
    });
    worker.on('error', (error) => this.#fail(error));
    worker.unref();
  }

  /**
   * Joins the other ranks.
   *
   * @throws ConvoyError `CONVOY_NATIVE` where the addon is missing or does not load; `CONVOY_CLUSTER` when MPI fails.
   */
  static async open({ cores, timeout }: ClusterOptions): Promise<MpiCluster> {
    needAddon();
    const bell = new Int32Array(new SharedArrayBuffer(4));
    const workerData: ThreadSetup = { file: addonFile(), bell, timeout };
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
    const ready = await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (ready.kind === 'failed') throw reviveError(ready.error);
    if (ready.kind !== 'ready') throw new TypeError(`the thread of MPI began with ${ready.kind}`);
    const cluster = new MpiCluster(worker, bell, ready.rank, ready.size);
    const hosts = await cluster.exchange({ host: os.hostname(), cores });
    cluster.members = hosts.map(({ host, cores: all }) => ({
      host,
      cores: Math.max(1, Math.floor(all / hosts.filter((other) => other.host === host).length)),
    }));
    cluster.network = await measureNetwork(cluster);
    cluster.sentBytes = 0;
    return cluster;
  }

  gather(memories: readonly GatheredMemory[]): Promise<void> {
    return this.#do({ kind: 'gather', memories });
  }

  sum({ memory, ...sum }: ClusterSum): Promise<void> {
    if (this.#memory !== memory) {
      this.#memory = memory;
      this.#send({ kind: 'memory', memory });
    }
    return this.#do({ kind: 'sum', sum });
  }

  async exchange<Value>(value: Value): Promise<Value[]> {
    const own = new TextEncoder().encode(JSON.stringify(value));
    const lengths = new Float64Array(new SharedArrayBuffer(8 * this.size));
    lengths[this.rank] = own.length;
    await this.gather([{ bytes: new Uint8Array(lengths.buffer), ends: this.#ends(() => 8) }]);
    const ends = this.#ends((rank) => lengths[rank] ?? 0);
    const bytes = new Uint8Array(new SharedArrayBuffer(Math.max(1, ends.at(-1) ?? 0)));
    bytes.set(own, ends[this.rank]);
    await this.gather([{ bytes, ends }]);
    return Array.from(lengths, (length, rank) => {
      const text = Buffer.from(bytes.slice(ends[rank], (ends[rank] ?? 0) + length)).toString();
      return JSON.parse(text) as Value;
    });
  }

  async broadcast(bytes: Uint8Array): Promise<Uint8Array> {
    const [length = 0] = await this.exchange(bytes.length);
    const shared = new Uint8Array(new SharedArrayBuffer(Math.max(1, length)));
    if (this.rank === 0) shared.set(bytes);
    if (length > 0) await this.#do({ kind: 'broadcast', bytes: shared });
    return shared.subarray(0, length);
  }

  /** Waits for all ranks, and leaves them. */
  async end(): Promise<void> {
    await this.#do({ kind: 'end' });
    await this.#worker.terminate();
  }

  /** Ends the processes of all ranks with an exit code, this one's included; nothing is written any more. */
  abort(code: number): void {
    this.#worker.ref();
    this.#send({ kind: 'abort', code });
  }

  #ends(length: (rank: number) => number): number[] {
    let end = 0;
    return [0, ...Array.from({ length: this.size }, (_, rank) => (end += length(rank)))];
  }

  #send(command: Command): void {
    this.#worker.postMessage(command);
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  #do(work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const id = this.#next++;
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'work', id, work });
    });
  }

  #settle(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting?.resolve();
  }

  #fail(error: Error): void {
    this.#failure ??=
      error instanceof ConvoyError ? error : new ConvoyError('CONVOY_CLUSTER', error.message, {}, error);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    this.#worker.unref();
  }
}
