/** Float32 values in growing memory: doubled when full, so that adding costs its copy only. */
export class OutputStore {
  #memory = new Float32Array(1024);
  #length = 0;

  push(values: Float32Array): void {
    const needed = this.#length + values.length;
    if (needed > this.#memory.length) {
      const grown = new Float32Array(Math.max(needed, this.#memory.length * 2));
      grown.set(this.#memory.subarray(0, this.#length));
      this.#memory = grown;
    }
    this.#memory.set(values, this.#length);
    this.#length = needed;
  }

  /** A copy of all values. */
  values(): Float32Array {
    return this.#memory.slice(0, this.#length);
  }
}
