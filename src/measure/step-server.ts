/** Process that trains and times steps on request: see `protocol.ts`, `StepSession`. */
import { serve } from './protocol.js';
import { StepSession, type StepSetup } from './step-session.js';

await serve<StepSetup, { readonly steps: number }>(async (setup) => {
  const session = await StepSession.open(setup);
  const { workers, shards, engine, native } = session.runtime;
  return {
    facts: { workers, shards, engine, tensorflow: native.tensorflowVersion },
    round: ({ steps }) => session.round(steps),
    close: () => session.close(),
  };
});
