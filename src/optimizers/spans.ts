import { ConvoyError, valueError } from '../base/errors.js';
import { elementsPerTurn } from '../kernels/index.js';
import type { SpanOptions } from './program.js';
import { baseWeightDecay, type OptimizerSpec } from './registry.js';

/** Where a trainable parameter lies in the weights region. */
export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** In floats from the start of the region, a multiple of 16. */
  readonly offset: number;
  /** In floats. */
  readonly length: number;
  /**
   * Floats of a part, where the gradient is not reduced from shards but computed for the whole batch, part by part, when
   * it is needed (see `Prepare`); a multiple of 16 that divides the length.
   */
  readonly unit?: number;
}

/** Neighbouring elements that are treated alike, padding included; frozen parameters are in no span. */
export interface ParameterSpan {
  /** First float of the region, a multiple of 16. */
  readonly begin: number;
  /** Behind the last float, a multiple of 16. */
  readonly end: number;
  readonly options: SpanOptions;
  /** Of its one parameter, where that has it. */
  readonly unit?: number;
}

const roundUp = (floats: number): number => Math.ceil(floats / elementsPerTurn) * elementsPerTurn;

function isBias(name: string): boolean {
  return /(^|[/_])bias(_\d+)?$/.test(name);
}

function isNorm(name: string): boolean {
  return /(^|\/)(gamma|beta)(_\d+)?$/.test(name);
}

/** The test of a group on parameter names. */
function matcher(match: string, place: string): (name: string) => boolean {
  if (match === 'bias') return isBias;
  if (match === 'norm') return isNorm;
  try {
    const expression = new RegExp(match);
    return (name) => expression.test(name);
  } catch {
    throw valueError(place, 'bias, norm or a regular expression', match);
  }
}

/**
 * Cuts the region into spans.
 *
 * @param perParameter one span for each parameter, for norms by parameter; otherwise neighbours treated alike are joined
 * @throws ConvoyError `CONVOY_OPTION` for a group whose expression is wrong or names no parameter
 */
export function planSpans(
  spec: OptimizerSpec,
  parameters: readonly ParameterPlace[],
  perParameter: boolean,
): ParameterSpan[] {
  const groups = (spec.groups ?? []).map((group, index) => {
    const place = `optimizer.groups.${index}.match`;
    const matches = matcher(group.match, place);
    const keyword = group.match === 'bias' || group.match === 'norm';
    if (!keyword && !parameters.some(({ name }) => matches(name))) {
      throw valueError(place, `an expression that matches a parameter such as ${parameters[0]?.name}`, group.match);
    }
    return { ...group, matches };
  });
  const spans: ParameterSpan[] = [];
  let end = 0;
  for (const { name, offset, length, unit } of [...parameters].sort((a, b) => a.offset - b.offset)) {
    if (offset % elementsPerTurn !== 0 || offset < end) {
      throw new ConvoyError('CONVOY_MEMORY', `Expected parameter ${name} at a free multiple of 16 but found ${offset}`);
    }
    end = offset + roundUp(length);
    const group = groups.find(({ matches }) => matches(name));
    if (group?.freeze === true || length === 0) continue;
    const small = isBias(name) || isNorm(name);
    const options: SpanOptions = {
      learningRateScale: group?.learningRateScale ?? 1,
      weightDecay: group?.weightDecay ?? (small && spec.decayBiasAndNorm === false ? 0 : baseWeightDecay(spec)),
      adapt: !(small && 'adaptBiasAndNorm' in spec && spec.adaptBiasAndNorm === false),
    };
    const last = spans.at(-1);
    const alike =
      last?.end === offset &&
      last.unit === unit &&
      unit === undefined &&
      last.options.learningRateScale === options.learningRateScale &&
      last.options.weightDecay === options.weightDecay;
    if (alike && !perParameter) spans[spans.length - 1] = { ...last, end };
    else spans.push({ begin: offset, end, options, ...(unit === undefined ? {} : { unit }) });
  }
  return spans;
}

/** A range of floats. */
export interface FloatRange {
  readonly begin: number;
  readonly end: number;
}

/** Where gradients are sums over shards: all spans but those with units, neighbours joined. */
export function summedRanges(spans: readonly ParameterSpan[]): FloatRange[] {
  const ranges: FloatRange[] = [];
  for (const { begin, end, unit } of spans) {
    if (unit !== undefined) continue;
    const last = ranges.at(-1);
    if (last?.end === begin) ranges[ranges.length - 1] = { begin: last.begin, end };
    else ranges.push({ begin, end });
  }
  return ranges;
}

/** A piece of a span that one kernel call handles. */
export interface SpanBlock {
  readonly begin: number;
  readonly end: number;
  /** Index of its span. */
  readonly span: number;
  /** Where the span has units: whether this block is the first of one, or goes on with that of the block before. */
  readonly unit?: 'first' | 'more';
}

/**
 * Cuts spans, unit by unit, into blocks of at most `floats`; the cut depends on nothing else, so sums over blocks never
 * change.
 */
export function cutBlocks(spans: readonly ParameterSpan[], floats: number): SpanBlock[] {
  return spans.flatMap(({ begin, end, unit }, span) =>
    cut(begin, end, unit ?? end - begin).flatMap((part) =>
      cut(part.begin, part.end, floats).map(
        (block, index): SpanBlock => ({
          ...block,
          span,
          ...(unit === undefined ? {} : { unit: index === 0 ? 'first' : 'more' }),
        }),
      ),
    ),
  );
}

function cut(begin: number, end: number, step: number): { readonly begin: number; readonly end: number }[] {
  return Array.from({ length: Math.ceil((end - begin) / step) }, (_, index) => ({
    begin: begin + index * step,
    end: Math.min(end, begin + (index + 1) * step),
  }));
}

/** A range of blocks that one thread does. */
export interface Slice {
  readonly begin: number;
  readonly end: number;
}

/** What a block whose gradient must be computed first is taken to cost beside one that is only reduced. */
const productCost = 3;

/** Cuts blocks into ranges of about the same cost, none within a unit. */
export function cutSlices(blocks: readonly SpanBlock[], slices: number): Slice[] {
  const units = blocks.flatMap(({ unit }, index) => (unit === 'more' ? [] : [index]));
  const costs = units.map((begin, index) => {
    const size = (units[index + 1] ?? blocks.length) - begin;
    return blocks[begin]?.unit === undefined ? size : productCost * size;
  });
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const made: Slice[] = [];
  let begin = 0;
  let spent = 0;
  for (const [index, cost] of costs.entries()) {
    const place = units[index] as number;
    // Cut where that is nearest to this slice's share of the whole.
    if (place > begin && made.length < slices - 1 && spent + cost / 2 >= (total * (made.length + 1)) / slices) {
      made.push({ begin, end: place });
      begin = place;
    }
    spent += cost;
  }
  return [...made, { begin, end: blocks.length }];
}
