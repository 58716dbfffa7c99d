import type { TrialParameters } from './search-space.js';

/** What a trial came to. */
export interface SweptTrial {
  /** From 1. */
  readonly trial: number;
  readonly parameters: TrialParameters;
  /** That it trained. */
  readonly epochs: number;
  /** The monitored value after the last of them; null where the training diverged. */
  readonly score: number | null;
  /** Why it ended, where it diverged. */
  readonly failed?: string;
}
