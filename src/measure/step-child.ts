import { fileURLToPath } from 'node:url';
import { type ChildOptions, MeasuringChild } from './child.js';
import type { StepRound, StepSetup } from './step-session.js';

/** A process that measures steps of convoy's own training. */
export type StepChild = MeasuringChild<{ readonly steps: number }, StepRound>;

/**
 * Starts a process that measures training steps: thread counts can only be set before TensorFlow loads.
 *
 * @throws ConvoyError `CONVOY_WORKER` with what the process said when it cannot be set up.
 */
export function startStepChild(
  setup: StepSetup,
  options: Pick<ChildOptions, 'env' | 'cores'> = {},
): Promise<StepChild> {
  const server = fileURLToPath(new URL('step-server.js', import.meta.url));
  return MeasuringChild.start({ command: [process.execPath, server], setup, ...options });
}
