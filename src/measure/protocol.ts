/**
 * How a measuring process talks: JSON lines over standard input and output. The first line is the setup, answered with
 * `ready` (or `missing`: it cannot run here, or `error`); each further line asks for a round, answered with `round`.
 * Processes that stay alive between rounds keep start-up out of the figures, and let rounds of several of them alternate.
 */
import { createInterface } from 'node:readline';

/** An answer of a measuring process. */
export type Answer =
  | { readonly ready: Readonly<Record<string, unknown>> }
  | { readonly round: unknown }
  | { readonly missing: string }
  | { readonly error: string };

/** What a process measures, once set up. */
export interface Measured<Request> {
  /** Told once: versions, sizes, whatever belongs beside a result. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Does one round and says what it took. */
  round(request: Request): Promise<unknown>;
  close(): Promise<void>;
}

/** Serves rounds until standard input ends. What a fault says goes to the other side; the process then ends. */
export async function serve<Setup, Request>(open: (setup: Setup) => Promise<Measured<Request>>): Promise<void> {
  const tell = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  let measured: Measured<Request> | undefined;
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      if (measured === undefined) {
        measured = await open(JSON.parse(line) as Setup);
        tell({ ready: measured.facts });
      } else {
        tell({ round: await measured.round(JSON.parse(line) as Request) });
      }
    }
  } catch (error) {
    tell({ error: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await measured?.close();
  }
}
