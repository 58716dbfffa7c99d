import { z } from 'zod';
import { unknownKeyError, valueError } from '../base/errors.js';
import type { Callback, Control, EpochRecord, StepRecord, TrainContext } from './contract.js';
import { restoreState } from './state.js';

const stateSchema = z.record(z.string(), z.unknown());

/** The callbacks of a run, called one after the other in the order given. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];
  readonly #steps: readonly Callback[];

  /**
   * @throws ConvoyError `CONVOY_OPTION` when two have the same name, as their states would overwrite each other, or when one
   *   is no callback.
   */
  constructor(callbacks: readonly Callback[]) {
    const names = new Set<string>();
    for (const callback of callbacks) {
      checkCallback(callback);
      const { name } = callback;
      if (names.has(name)) throw valueError('callbacks', 'callbacks of different names', name);
      names.add(name);
    }
    this.#callbacks = callbacks;
    this.#steps = callbacks.filter((callback) => callback.onStepEnd !== undefined);
  }

  /** False when no callback wants steps, so that the step loop need not make records or wait. */
  get wantsSteps(): boolean {
    return this.#steps.length > 0;
  }

  async onTrainBegin(context: TrainContext, control: Control): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(context, control);
  }

  async onStepEnd(record: StepRecord, control: Control): Promise<void> {
    for (const callback of this.#steps) await callback.onStepEnd?.(record, control);
  }

  async onEpochEnd(record: EpochRecord, control: Control): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEpochEnd?.(record, control);
  }

  async onTrainEnd(control: Control): Promise<void> {
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(control);
  }

  /** States by name, for a checkpoint; JSON. */
  state(): Record<string, unknown> {
    const states = this.#callbacks.filter((callback) => callback.state !== undefined);
    return Object.fromEntries(states.map((callback) => [callback.name, callback.state?.()]));
  }

  /**
   * Gives each callback its state back; one that the checkpoint does not know starts anew.
   *
   * @throws ConvoyError `CONVOY_CHECKPOINT` when a state is damaged.
   */
  restore(states: unknown): void {
    const known = new Map(Object.entries(restoreState('list', stateSchema, states)));
    for (const callback of this.#callbacks) {
      if (known.has(callback.name)) callback.restore?.(known.get(callback.name));
    }
  }
}

const events: readonly string[] = [
  'onTrainBegin',
  'onStepEnd',
  'onEpochEnd',
  'onTrainEnd',
] satisfies (keyof Callback)[];

function checkCallback(callback: Callback): void {
  if (typeof callback !== 'object' || callback === null || typeof callback.name !== 'string' || callback.name === '') {
    throw valueError('a callback', 'an object with a name, as { name: "mine", onEpochEnd(record) { ... } },', callback);
  }
  const keys = new Set(Object.keys(callback));
  for (
    let at = Object.getPrototypeOf(callback);
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const key of Object.getOwnPropertyNames(at)) keys.add(key);
  }
  for (const key of keys) {
    if (!/^on[A-Z_]/.test(key) || events.includes(key)) continue;
    throw unknownKeyError(`callback ${callback.name}`, key, { known: events });
  }
}
