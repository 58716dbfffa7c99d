import {
  type Callback,
  CallbackList,
  type Control,
  type EpochRecord,
  type StepRecord,
  type TrainContext,
} from '../../callbacks/index.js';
import type { Cluster } from '../../contracts/index.js';

/** What a callback asked of the trainer, in its words. */
type Asked =
  | readonly ['stop' | 'saveCheckpoint' | 'removeCheckpoint', string]
  | readonly ['setLearningRateScale', number]
  | readonly ['keepBest' | 'restoreBest'];

/** Callbacks that run on rank 0 alone; what they ask for is done on all ranks, once all have been called. */
export class SharedCallbacks extends CallbackList {
  readonly #cluster: Cluster;

  constructor(callbacks: readonly Callback[], cluster: Cluster) {
    super(callbacks);
    this.#cluster = cluster;
  }

  override onTrainBegin(context: TrainContext, control: Control): Promise<void> {
    return this.#share(control, (own) => super.onTrainBegin(context, own));
  }

  override onStepEnd(record: StepRecord, control: Control): Promise<void> {
    return this.#share(control, (own) => super.onStepEnd(record, own));
  }

  override onEpochEnd(record: EpochRecord, control: Control): Promise<void> {
    return this.#share(control, (own) => super.onEpochEnd(record, own));
  }

  override onTrainEnd(control: Control): Promise<void> {
    return this.#share(control, (own) => super.onTrainEnd(own));
  }

  async #share(control: Control, call: (control: Control) => Promise<void>): Promise<void> {
    const asked: Asked[] = [];
    if (this.#cluster.rank === 0) await call(noting(asked));
    const [all = []] = await this.#cluster.exchange(asked);
    for (const each of all) await follow(control, each);
  }
}

function noting(asked: Asked[]): Control {
  return {
    stop: (reason) => void asked.push(['stop', reason]),
    keepBest: () => void asked.push(['keepBest']),
    restoreBest: () => void asked.push(['restoreBest']),
    setLearningRateScale: (scale) => void asked.push(['setLearningRateScale', scale]),
    saveCheckpoint: async (name) => void asked.push(['saveCheckpoint', name]),
    removeCheckpoint: async (name) => void asked.push(['removeCheckpoint', name]),
  };
}

async function follow(control: Control, asked: Asked): Promise<void> {
  switch (asked[0]) {
    case 'setLearningRateScale':
      return control.setLearningRateScale(asked[1]);
    case 'stop':
      return control.stop(asked[1]);
    case 'saveCheckpoint':
      return control.saveCheckpoint(asked[1]);
    case 'removeCheckpoint':
      return control.removeCheckpoint(asked[1]);
    default:
      await control[asked[0]]();
  }
}
