/** What is known while an epoch is under way. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Samples done in the epoch, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly phase: 'training' | 'evaluating';
}
