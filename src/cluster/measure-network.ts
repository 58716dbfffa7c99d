import type { Cluster, ClusterNetwork } from '../contracts/index.js';

/** Bytes that all ranks together give, and how often each measurement is done: the best counts. */
const wholeBytes = 2 ** 22;
const times = { small: 5, large: 2 } as const;

/** Seconds of the quickest of some gathers of as many bytes from each rank. */
async function gatherSeconds(cluster: Cluster, bytes: number, count: number): Promise<number> {
  const memory = {
    bytes: new Uint8Array(new SharedArrayBuffer(bytes * cluster.size)),
    ends: Array.from({ length: cluster.size + 1 }, (_, rank) => rank * bytes),
  };
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < count; time++) {
    const started = performance.now();
    await cluster.gather([memory]);
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  return least;
}

/** Measures the wires between the ranks: some milliseconds, 0.3 s on a link of 100 Mbit/s. */
export async function measureNetwork(cluster: Cluster): Promise<ClusterNetwork> {
  const own = Math.ceil(wholeBytes / cluster.size);
  const latency = await gatherSeconds(cluster, 8, times.small);
  const seconds = await gatherSeconds(cluster, own, times.large);
  const bandwidth = (own * (cluster.size - 1)) / Math.max(1e-9, seconds - latency);
  const all = await cluster.exchange({ bandwidth, latency });
  return {
    bandwidth: Math.min(...all.map((each) => each.bandwidth)),
    latency: Math.max(...all.map((each) => each.latency)),
  };
}
