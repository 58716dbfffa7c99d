/** What the exchange of gradients between machines costs, by the bytes that a rank sends and the rounds that it waits. */
import { type Cluster, type ClusterNetwork, slicedStaging } from '../contracts/index.js';
import type { RunLayout } from '../memory/index.js';

/** Bytes of a chunk of a chain (`src/cluster/chain.ts`). */
const chunkBytes = 62 * 1024;
/** Bytes a second that one thread reads while it adds arrays. */
const addingBytes = 13e9;

/** Gradients of `bytes` bytes on `ranks` machines, with `shards` each. */
export interface Exchange {
  readonly bytes: number;
  readonly ranks: number;
  readonly shards: number;
}

/** Bytes that the rank which sends most sends in a chain of prefix sums. */
export function chainBytes({ bytes, ranks }: Exchange): number {
  return ranks === 1 ? 0 : ranks === 2 ? bytes : 2 * bytes;
}

/** The same where slices are exchanged between all, reduced in the order of shards, and gathered. */
export function sliceBytes({ bytes, ranks, shards }: Exchange): number {
  return ((shards + 1) * bytes * (ranks - 1)) / ranks;
}

/** What any all-reduce sends at least from the rank that sends most (Patarasuk and Yuan 2009). */
export function leastBytes({ bytes, ranks }: Exchange): number {
  return (2 * bytes * (ranks - 1)) / ranks;
}

/** Seconds of a chain: the slower of wire and adding, and the way of a chunk to the last rank and back. */
export function chainSeconds(exchange: Exchange, { bandwidth, latency }: ClusterNetwork): number {
  const { bytes, ranks, shards } = exchange;
  if (ranks === 1) return 0;
  const flow = Math.max(chainBytes(exchange) / bandwidth, ((shards + 1) * bytes) / addingBytes);
  return flow + 2 * (ranks - 1) * (chunkBytes / bandwidth + latency);
}

/** Seconds of slices. */
export function sliceSeconds(exchange: Exchange, { bandwidth, latency }: ClusterNetwork): number {
  return exchange.ranks === 1 ? 0 : sliceBytes(exchange) / bandwidth + 2 * latency;
}

/** Chooses a sum by hand: `chain` or `slices`; for measurements, since the bits are the same. */
const variable = 'CONVOY_CLUSTER_SUM';
/** The model is not so exact that less would mean anything. */
const worthwhile = 0.9;

/**
 * Floats of staging with which gradients are summed in slices, where the cost model takes that to be quicker than a chain;
 * undefined for a chain.
 */
export function stagingLength(
  { size, network }: Pick<Cluster, 'size' | 'network'>,
  { shards, trainableLength, factors }: Pick<RunLayout, 'shards' | 'trainableLength' | 'factors'>,
): number | undefined {
  const length = factors.reduce((left, { inputs, outputs }) => left - inputs * outputs, trainableLength);
  const exchange: Exchange = { bytes: length * 4, ranks: size, shards: Math.ceil(shards / size) };
  const wanted = process.env[variable];
  const quicker = sliceSeconds(exchange, network) < worthwhile * chainSeconds(exchange, network);
  if (wanted === 'chain' || (wanted !== 'slices' && !quicker)) return undefined;
  return slicedStaging(length, size, shards);
}
