/** Reads a layer's configuration, as `getConfig` gives it, with types. */
export class LayerSettings {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** The raw value. */
  get(key: string): unknown {
    return this.#values[key];
  }

  number(key: string, otherwise: number): number {
    const value = this.#values[key];
    return typeof value === 'number' ? value : otherwise;
  }

  string(key: string, otherwise: string): string {
    const value = this.#values[key];
    return typeof value === 'string' ? value : otherwise;
  }

  boolean(key: string, otherwise: boolean): boolean {
    const value = this.#values[key];
    return typeof value === 'boolean' ? value : otherwise;
  }

  /** A list of numbers; one number stands for a list of one. */
  numbers(key: string): readonly number[] | undefined {
    const value = this.#values[key];
    if (typeof value === 'number') return [value];
    return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;
  }

  /** Two numbers, for height and width; one stands for both. */
  pair(key: string, otherwise: readonly [number, number]): readonly [number, number] {
    const [first, second] = this.numbers(key) ?? [];
    if (first === undefined) return otherwise;
    return [first, second ?? first];
  }
}
