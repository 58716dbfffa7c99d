import { fileURLToPath } from 'node:url';
import { MeasuringChild } from '../../src/measure/index.js';
import type { FuzzParser } from './fuzz-parser.js';
import type { FuzzRound } from './fuzz-round.js';

export interface FuzzSetup {
  readonly parser: string;
  readonly seed: number;
}

/** What became of all inputs of a parser. */
export interface FuzzFindings extends FuzzRound {
  readonly inputs: number;
}

/** Bounds on one input: seconds, and bytes of its process. */
export const fuzzBounds = { seconds: 5, bytes: 2 ** 30 } as const;
/** Inputs that are asked for at a time, and how long they may take before one of them is looked for. */
const groupSize = 200;
const groupSeconds = 120;

const script = fileURLToPath(new URL('../children/fuzz.js', import.meta.url));
type Child = MeasuringChild<{ readonly from: number; readonly to: number }, FuzzRound>;

/** Gives a parser `inputs` mutated files, in a process of its own that is begun anew where it crashed or hangs. */
export async function fuzzParser(
  { name }: Pick<FuzzParser, 'name'>,
  { inputs, seed }: { readonly inputs: number; readonly seed: number },
): Promise<FuzzFindings> {
  const total = { inputs, accepted: 0, slowest: 0, memory: 0, faults: [] as FuzzRound['faults'][number][] };
  let child: Child | undefined;
  const add = ({ accepted, slowest, memory, faults }: FuzzRound): void => {
    total.accepted += accepted;
    total.slowest = Math.max(total.slowest, slowest);
    total.memory = Math.max(total.memory, memory);
    total.faults.push(...faults);
  };
  /** Undefined where the process crashed or did not answer. */
  const ask = async (from: number, to: number): Promise<FuzzRound | undefined> => {
    child ??= await MeasuringChild.start({ command: [process.execPath, script], setup: { parser: name, seed } });
    const asked = child;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), 1000 * Math.max(groupSeconds, fuzzBounds.seconds));
    });
    const answer = await Promise.race([asked.round({ from, to }).catch(() => undefined), late]);
    clearTimeout(timer);
    if (answer === undefined) {
      asked.kill();
      child = undefined;
    }
    return answer;
  };
  try {
    for (let from = 0; from < inputs; from += groupSize) {
      const to = Math.min(inputs, from + groupSize);
      const answer = await ask(from, to);
      if (answer !== undefined) add(answer);
      else await eachAlone(from, to, ask, add);
    }
  } finally {
    await child?.close();
  }
  return total;
}

/** Inputs one by one, to find which of them crashed the process or made it hang. */
async function eachAlone(
  from: number,
  to: number,
  ask: (from: number, to: number) => Promise<FuzzRound | undefined>,
  add: (round: FuzzRound) => void,
): Promise<void> {
  for (let index = from; index < to; index++) {
    const answer = await ask(index, index + 1);
    const none = { accepted: 0, slowest: 0, memory: 0, faults: [{ index, what: 'the process crashed or hung' }] };
    add(answer ?? none);
  }
}
