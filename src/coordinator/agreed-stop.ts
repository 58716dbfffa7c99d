/**
 * A request to stop that all ranks of a cluster follow at the same moment: each hears of a signal at another time, and one
 * that stopped alone would leave the others waiting.
 */
export class AgreedStop {
  readonly #controller = new AbortController();

  /** @param asked aborted when this process is asked to stop. */
  constructor(private readonly asked?: AbortSignal) {}

  /** Whether this process was asked. */
  get isAsked(): boolean {
    return this.asked?.aborted === true;
  }

  /** Aborted once all ranks know. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** At a point that all ranks pass together. */
  agree(): void {
    this.#controller.abort();
  }
}
