/** Options of commands that look at a run, and what they say to the function that opens it. */
import type { Flags } from './options.js';
import { dataProgress } from './progress.js';
import { checkpoint, dataDir, trustCode, workers } from './shared-options.js';
import type { Terminal } from './terminal.js';

/** Of commands that open a run. */
export const runOptions = [checkpoint, dataDir, trustCode] as const;
/** Of commands that evaluate a run. */
export const evaluationOptions = [checkpoint, dataDir, workers, trustCode] as const;

type Chosen = Flags<typeof runOptions> & Partial<Flags<typeof evaluationOptions>>;

/** What the options say, without those that were not given. */
const given = ({ checkpoint, dataDir, trustCode, workers }: Chosen) => ({
  ...(checkpoint === undefined ? {} : { checkpoint }),
  ...(dataDir === undefined ? {} : { dataDir }),
  ...(trustCode === undefined ? {} : { trustCode }),
  ...(workers === undefined ? {} : { overrides: { workers } }),
});

/** Calls `open` with what the options say and with where notes and the progress of the data go. */
export async function withRunOptions<Result>(
  chosen: Chosen,
  terminal: Terminal,
  open: (
    options: ReturnType<typeof given> & {
      readonly onNote: (note: string) => void;
      readonly onProgress: ReturnType<typeof dataProgress>['update'];
    },
  ) => Promise<Result>,
): Promise<Result> {
  const { update, end } = dataProgress(terminal);
  return open({ ...given(chosen), onNote: (note) => terminal.note(note), onProgress: update }).finally(end);
}
