/** What the exchange of gradients between machines costs, by the bytes that a rank sends and the rounds that it waits. */

/** A network between machines. */
export interface Network {
  /** Bytes a second that a machine sends, and receives at the same time. */
  readonly bandwidth: number;
  /** Seconds until the first byte of a message arrives. */
  readonly latency: number;
}

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
export function chainSeconds(exchange: Exchange, { bandwidth, latency }: Network): number {
  const { bytes, ranks, shards } = exchange;
  if (ranks === 1) return 0;
  const flow = Math.max(chainBytes(exchange) / bandwidth, ((shards + 1) * bytes) / addingBytes);
  return flow + 2 * (ranks - 1) * (chunkBytes / bandwidth + latency);
}

/** Seconds of slices. */
export function sliceSeconds(exchange: Exchange, { bandwidth, latency }: Network): number {
  return exchange.ranks === 1 ? 0 : sliceBytes(exchange) / bandwidth + 2 * latency;
}
