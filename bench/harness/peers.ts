import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/config/index.js';
import type { Precision } from '../../src/contracts/index.js';
import { MeasuringChild, type StepRound, startStepChild } from '../../src/measure/index.js';
import { availableCores, hidesCaches } from '../../src/native/index.js';
import type { Contender } from './alternate.js';
import { type BenchNetwork, stepConfig } from './networks.js';

/** Settings of a peer, of which the best counts. */
export type PeerSettings = Readonly<Record<string, boolean | number>>;

export interface Peer {
  readonly name: string;
  /** File below `bench/peers`. */
  readonly script: string;
  readonly settings: readonly PeerSettings[];
}

/** The trainers that people would use instead, with the settings worth trying. */
export const peers: readonly Peer[] = [
  { name: 'PyTorch', script: 'torch_peer.py', settings: [{ channelsLast: true }, { channelsLast: false }] },
  { name: 'PyTorch DDP', script: 'torch_ddp_peer.py', settings: [{ channelsLast: true }, { channelsLast: false }] },
  {
    name: 'Keras',
    script: 'keras_peer.py',
    // Without `oneDNN` TensorFlow decides by the processor: with AVX2 alone it leaves it off, which is slower.
    settings: [
      { oneDNN: true, jit: false, stepsPerExecution: 1 },
      { oneDNN: true, jit: false, stepsPerExecution: 8 },
      { oneDNN: false, jit: false, stepsPerExecution: 1 },
      { oneDNN: false, jit: true, stepsPerExecution: 1 },
    ],
  },
];

/** Python with torch or keras: `$CONVOY_PEERS_PYTHON`, else `python3`. */
export function peersPython(): string {
  const named = process.env['CONVOY_PEERS_PYTHON'];
  return named === undefined || named === '' ? 'python3' : named;
}

/** How settings are written in a table. */
export function settingsText(settings: PeerSettings): string {
  return Object.entries(settings)
    .map(([key, value]) => (value === true ? key : value === false ? `no ${key}` : `${key} ${value}`))
    .join(', ');
}

/** What a peer's process is told besides its settings. */
export function peerSetup(
  network: BenchNetwork,
  precision: Precision,
  more: Readonly<Record<string, unknown>> = {},
): object {
  const { height, width, channels } = network.image;
  return {
    network: network.name,
    image: [height, width, channels],
    classes: 10,
    batch: network.batch,
    optimizer: network.optimizer,
    precision,
    cores: availableCores(),
    hidesCaches: hidesCaches(),
    ...more,
  };
}

/**
 * Has a process keep the memory of large tensors instead of giving it back after each: where page faults are dear, as in
 * some virtual machines, that is the best setting of PyTorch and of tfjs-node by far.
 */
const keepsMemory = { MALLOC_MMAP_THRESHOLD_: String(2 ** 32), MALLOC_TRIM_THRESHOLD_: String(2 ** 33) };

/** Starts a peer's process. */
export function startPeer<Request, Round>(peer: Peer, setup: object): Promise<MeasuringChild<Request, Round>> {
  // Compiled files lie in dist/bench/harness, the scripts are not compiled.
  const script = fileURLToPath(new URL(`../../../bench/peers/${peer.script}`, import.meta.url));
  // Threads and kernels of the peers are theirs to choose, whatever this process was told.
  const env = {
    ...keepsMemory,
    TF_NUM_INTRAOP_THREADS: undefined,
    TF_NUM_INTEROP_THREADS: undefined,
    OMP_NUM_THREADS: undefined,
    TF_ENABLE_ONEDNN_OPTS: undefined,
  };
  return MeasuringChild.start({ command: [peersPython(), script], setup, env });
}

/** A peer with one of its settings, ready to be compared. */
export function peerContender(
  peer: Peer,
  settings: PeerSettings,
  network: BenchNetwork,
  precision: Precision,
): Contender {
  return {
    name: `${peer.name} (${settingsText(settings)})`,
    start: () => startPeer(peer, peerSetup(network, precision, { settings })),
  };
}

export interface ConvoyOptions {
  readonly config?: Partial<ConfigInput>;
  /** Cores to hold it to. */
  readonly cores?: readonly number[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** convoy's own step, ready to be compared. */
export function convoyContender(
  name: string,
  network: BenchNetwork,
  { config, ...options }: ConvoyOptions = {},
): Contender<StepRound> {
  return { name, start: () => startStepChild({ config: stepConfig(network, config), image: network.image }, options) };
}

/** tfjs-node's `model.fit`, ready to be compared. */
export function modelFitContender(network: BenchNetwork): Contender {
  const script = fileURLToPath(new URL('../children/model-fit.js', import.meta.url));
  const cores = String(availableCores());
  return {
    name: 'tfjs-node model.fit',
    start: () =>
      MeasuringChild.start({
        command: [process.execPath, script],
        setup: network,
        env: { ...keepsMemory, TF_NUM_INTRAOP_THREADS: cores },
      }),
  };
}
