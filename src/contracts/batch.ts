/**
 * The batch ring: shared slots that the data side fills and the gradient side reads. A stage fills slot after slot in
 * the order of `BatchRequest`s; a slot is refilled only after it has been released.
 */

/** Where one batch lies: samples in order of the epoch, pixels and labels at the start of the slot. */
export interface BatchRequest {
  readonly epoch: number;
  /** Position of the batch's first sample in the epoch's order. */
  readonly position: number;
  /** Sample indices into the dataset; `samples.length` is the batch's size. */
  readonly samples: Uint32Array;
  /** Which slot of the ring to fill. */
  readonly slot: number;
}

/** The memory of one batch slot: `pixels` is [capacity, height, width, channels] uint8; one of `labels`, `values`, `masks`, `boxes`, or none where the pixels are the targets. */
export interface BatchSlot {
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** What a frozen base makes of each sample, where training starts from that. */
  readonly features?: Float32Array<SharedArrayBuffer>;
  /** Class index per sample (class targets). */
  readonly labels?: Int32Array<SharedArrayBuffer>;
  /** [capacity, classes] (multi-label targets). */
  readonly values?: Float32Array<SharedArrayBuffer>;
  /** [capacity, boxes, 6] (boxes). */
  readonly boxes?: Float32Array<SharedArrayBuffer>;
  /** [capacity, height, width] (masks). */
  readonly masks?: Uint8Array<SharedArrayBuffer>;
}

/**
 * A stage that fills batch slots. `fill` may be called for several slots ahead; each promise resolves when that slot
 * is complete, and rejects with a ConvoyError that names the sample's file on bad data.
 */
export interface BatchStage {
  /** True where `fill` does all its work at once, on the calling thread. */
  readonly immediate?: true;
  /**
   * Announces an epoch and the whole order of its samples, before its first `fill`; the epoch before may still have
   * fills under way. The order lets a stage work in windows larger than a batch; pixels may depend on (seed, epoch,
   * place in this order) and nothing else. `from` is the position of the first batch that will be asked for (a resumed
   * run starts inside an epoch).
   */
  begin(epoch: number, order: Uint32Array, from: number): void;
  fill(request: BatchRequest): Promise<void>;
  /** Waits for or cancels what is under way and ends the stage's threads. */
  close(): Promise<void>;
}
