/** Mean and sample standard deviation (n - 1) of several runs' scores. */
export interface Spread {
  readonly mean: number;
  /** Null for fewer than two values. */
  readonly deviation: number | null;
}

/** Mean and sample standard deviation; values that are not numbers (an AUC of one class) are left out. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread {
  const numbers = values.filter((value): value is number => typeof value === 'number' && !Number.isNaN(value));
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  if (numbers.length < 2) return { mean, deviation: null };
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (numbers.length - 1)) };
}
