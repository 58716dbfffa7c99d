import test from 'ava';
import { PeerWatch } from '../../src/cluster/peer-watch.js';
import { FakeNetwork } from '../support/fake-mpi.js';

/** Looks of all ranks but those that were stopped, every 100 ms from `from` until before `until`; who finds whom lost, and when. */
function look(watches: readonly PeerWatch[], stopped: readonly number[], from: number, until: number) {
  const found: { readonly rank: number; readonly lost: number; readonly at: number }[] = [];
  for (let now = from; now < until; now += 100) {
    for (const [rank, watch] of watches.entries()) {
      if (stopped.includes(rank)) continue;
      const lost = watch.look(now);
      if (lost !== undefined && !found.some((one) => one.rank === rank)) found.push({ rank, lost, at: now });
    }
  }
  return found;
}

const start = (ranks: number) => {
  const network = new FakeNetwork(ranks, 4);
  return Array.from({ length: ranks }, (_, rank) => new PeerWatch(network.rank(rank), 4000, 0));
};

test('ranks that live find none lost', (t) => {
  for (const ranks of [2, 4]) t.deepEqual(look(start(ranks), [], 0, 60_000), []);
});

test('a rank that stops is found lost by the one before it after the timeout, by the one behind it 5 seconds later', (t) => {
  const watches = start(4);
  t.deepEqual(look(watches, [], 0, 10_000), []);
  const found = look(watches, [2], 10_000, 30_000);
  t.deepEqual(
    found.map(({ rank, lost }) => [rank, lost]),
    [
      [1, 2],
      [3, 2],
    ],
  );
  // The last sign was sent at most 400 ms before, and came some looks later.
  const [first, second] = found.map(({ at }) => at);
  t.true(first !== undefined && first > 13_500 && first < 15_500, `${first}`);
  t.true(second !== undefined && second > 18_500 && second < 20_500, `${second}`);
});

test('a rank that was stopped itself blames none when it goes on', (t) => {
  const watches = start(2);
  look(watches, [], 0, 5000);
  look(watches, [1], 5000, 8000);
  t.deepEqual(look(watches, [], 60_000, 70_000), []);
});
