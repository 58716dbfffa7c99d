import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import type { Native } from '../../../src/native/index.js';
import { runCall } from '../run-call.js';
import { fittingCall, opsWithCalls, wrongCall } from '../wrong-calls.js';

/** More of them: `node dist/bench/checks/kernel-wrong-calls.js`. */
const calls = 400;

/** Calls that do not fit end with an error. */
export default (native: Native): void => {
  test.serial(`${calls} calls with wrong ranks, sizes, windows and paddings are refused by name`, (t) => {
    const before = native.tensorCount();
    const stream = new RandomStream(0, 'test', 1);
    const refused = new Set<string>();
    for (let n = 0; n < calls; n++) {
      const call = wrongCall(stream);
      const error = t.throws(
        () => runCall(native, call),
        { message: new RegExp(call.op) },
        `${call.op}: ${call.wrong}`,
      );
      if (error !== undefined) refused.add(call.op);
    }
    t.deepEqual([...refused].sort(), [...opsWithCalls].sort());
    t.is(native.tensorCount(), before);
  });

  test.serial('the calls that are made wrong fit before', (t) => {
    const stream = new RandomStream(1, 'test', 1);
    for (const op of opsWithCalls) {
      for (let n = 0; n < 5; n++) t.notThrows(() => runCall(native, fittingCall(op, stream)), op);
    }
    const known = native.kernels.ops.filter((op) => op.startsWith('Convoy'));
    t.deepEqual(
      known.filter((op) => !opsWithCalls.includes(op)),
      [],
      'every op has calls',
    );
  });
};
