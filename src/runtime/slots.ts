import type { RunConfig } from '../config/index.js';
import type { Dataset } from '../contracts/index.js';

/** How many batch slots a run has, and for how many samples. */
export interface SlotPlan {
  /** True where threads of a stage fill the training slots ahead of training. */
  readonly staged: boolean;
  readonly training: number;
  readonly evaluation: number;
  /** Samples of an evaluation slot. */
  readonly capacity: number;
  /** Bytes of one image. */
  readonly imageBytes: number;
}

/** An evaluation batch has at least this many samples: small training batches would leave workers waiting. */
const evaluationBatch = 256;
/** Bytes of pixels, or of outputs, in an evaluation slot at most. */
const evaluationBytes = 64 * 2 ** 20;
/** Samples that the augmentation stage may be ahead: its mosaics are full from about this many. */
const augmentLead = 1024;
/** Bytes of pixels that it may be ahead, where a thousand images are more than that. */
const augmentLeadBytes = 512 * 2 ** 20;
/** Evaluation batches in flight: one computing, one being filled, one being read. */
const evaluationSlots = 3;

/** Plans the batch slots; `fromFeatures` is true where features of a frozen base replace pixels. */
export function planSlots(
  { batchSize, augment }: RunConfig,
  train: Dataset,
  fromFeatures: boolean,
  outputs: number,
): SlotPlan {
  const { height, width, channels } = train.shape;
  const imageBytes = height * width * channels;
  const staged = (augment?.length ?? 0) > 0 || (train.store.kind === 'files' && !fromFeatures);
  const lead = Math.min(augmentLead, augmentLeadBytes / imageBytes);
  return {
    staged,
    training: staged ? Math.max(3, Math.ceil(lead / batchSize) + 2) : 2,
    evaluation: evaluationSlots,
    capacity: Math.max(
      batchSize,
      Math.min(evaluationBatch, Math.floor(evaluationBytes / Math.max(imageBytes, 4 * outputs))),
    ),
    imageBytes,
  };
}
