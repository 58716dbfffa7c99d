import { fuzzParsers } from '../harness/fuzz-parsers.js';
import { fuzzBounds, fuzzParser } from '../harness/fuzz-run.js';
import { atMost } from '../harness/result.js';
import type { Bench } from './bench.js';

const standard = { inputs: 20_000, quick: 300 };

/** Every reader of files from elsewhere, over mutated files. */
export const fuzzBench: Bench = {
  name: 'fuzz',
  title: 'Damaged and hostile files',
  onlyNamed: true,
  async run({ quick, inputs = quick ? standard.quick : standard.inputs, seed = 0, networks, say }) {
    const chosen = fuzzParsers.filter(
      ({ name }) => networks === undefined || networks.some((part) => name.includes(part)),
    );
    const shares = chosen.reduce((sum, { share }) => sum + share, 0);
    const rows: (string | number)[][] = [];
    const notes: string[] = [];
    let faults = 0;
    let slowest = 0;
    let memory = 0;
    for (const parser of chosen) {
      const count = Math.max(1, Math.round((inputs * parser.share) / shares));
      say(`${parser.name}: ${count} inputs`);
      const found = await fuzzParser(parser, { inputs: count, seed });
      rows.push([
        parser.name,
        count,
        found.accepted,
        found.faults.length,
        found.slowest,
        Math.round(found.memory / 2 ** 20),
      ]);
      for (const { index, what } of found.faults.slice(0, 5)) {
        const note = `${parser.name}, seed ${seed}, input ${index}: ${what}`;
        notes.push(note);
        say(note); // now, not after hours of other readers
      }
      say(
        `${parser.name}: ${found.accepted} still accepted, ${found.faults.length} faults, slowest ${found.slowest} s`,
      );
      faults += found.faults.length;
      slowest = Math.max(slowest, found.slowest);
      memory = Math.max(memory, found.memory);
    }
    return {
      tables: [
        {
          title: `Mutated files (seed ${seed}): each is read, or refused with an error that says what is wrong`,
          columns: ['reader', 'inputs', 'still accepted', 'faults', 'slowest, s', 'memory, MiB'],
          rows,
        },
      ],
      claims: [
        atMost(
          'inputs that crashed, hung, ended in another error or were accepted though a checksum forbids it',
          0,
          faults,
        ),
        atMost('seconds of the slowest input', fuzzBounds.seconds, slowest),
        atMost('GiB of a reading process', 1, memory / fuzzBounds.bytes),
      ],
      notes,
    };
  },
};
