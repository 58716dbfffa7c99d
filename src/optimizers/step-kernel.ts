import { type Addend, compileKernels, type Kernel, openReducer, type Reducer } from '../kernels/index.js';
import type { KernelPlan, StepVariant } from './kernel-plan.js';
import { findNotFinite } from './not-finite.js';
import type { ScalarContext, StepPass } from './program.js';
import { cutSlices, type FloatRange, type Slice, type SpanBlock, summedRanges } from './spans.js';
import type {
  PassArguments,
  PassResult,
  Prepare,
  ReductionArguments,
  StepArguments,
  StepDescription,
  StepKernel,
  StepRegions,
  StepResult,
  StepSeconds,
} from './step.js';
import { openUnit, type Unit } from './unit.js';

/** Floats of one block: its scratch of 128 KiB stays in L2, and larger blocks ran no faster in `bench/all-reduce`. */
export const blockFloats = 32_768;

const bytes = (floats: number): number => floats * 4;

class BoundStepKernel implements StepKernel {
  readonly #plan: KernelPlan;
  readonly #memory: WebAssembly.Memory;
  readonly #regions: StepRegions;
  readonly #kernels: ReadonlyMap<StepPass, Kernel>;
  readonly #reduce: Reducer;
  /** By how many. */
  readonly #slices = new Map<number, readonly Slice[]>();

  constructor(plan: KernelPlan, memory: WebAssembly.Memory, regions: StepRegions) {
    this.#plan = plan;
    this.#memory = memory;
    this.#regions = regions;
    const passes = [...new Set(plan.variants.flatMap((variant) => variant.passes))];
    const kernels = compileKernels(
      memory,
      Object.fromEntries(passes.map((pass, index) => [`pass${index}`, pass.program])),
    );
    this.#kernels = new Map(
      passes.map((pass, index) => {
        const kernel = kernels[`pass${index}`];
        if (kernel === undefined) throw new Error(`pass ${index} was not compiled`);
        return [pass, kernel];
      }),
    );
    this.#reduce = openReducer(memory);
  }

  get blocks(): number {
    return this.#plan.blocks.length;
  }

  get summed(): readonly FloatRange[] {
    return summedRanges(this.#plan.spans);
  }

  slices(count: number): readonly Slice[] {
    const slices = this.#slices.get(count) ?? cutSlices(this.#plan.blocks, count);
    this.#slices.set(count, slices);
    return slices;
  }

  get passes(): number {
    return this.#plan.variants[0]?.passes.length ?? 0;
  }

  describe(): StepDescription {
    return { spec: this.#plan.spec, parameters: this.#plan.parameters, regions: this.#regions };
  }

  run(args: StepArguments): StepResult {
    const norms: (readonly number[])[] = [];
    let allReduce = 0;
    let optimizer = 0;
    let notFinite: string | undefined;
    for (let pass = 0; pass < this.passes; pass++) {
      const { seconds, sums, ...found } = this.pass(pass, { begin: 0, end: this.blocks }, { ...args, norms });
      notFinite ??= found.notFinite;
      norms.push(this.norms(pass, sums));
      allReduce += seconds.allReduce;
      optimizer += seconds.optimizer;
    }
    return this.result({ products: 0, allReduce, optimizer }, norms, notFinite);
  }

  pass(index: number, { begin, end }: Slice, args: PassArguments, prepare?: Prepare): PassResult {
    const variant = this.#plan.variantOf(args.step);
    const pass = variant.passes[index];
    const kernel = pass && this.#kernels.get(pass);
    if (pass === undefined || kernel === undefined) throw new RangeError(`no pass ${index}`);
    const sources = this.#sources(args);
    const bases = pass.program.lanes.map((name) => this.#baseOf(name));
    const readsGradient = bases.includes(undefined);
    const scalars = this.#scalarsBySpan(variant, pass, args);
    const sums: number[] = [];
    let unit: Unit | undefined;
    let notFinite: string | undefined;
    let products = 0;
    let allReduce = 0;
    const started = performance.now();
    for (const block of this.#plan.blocks.slice(begin, end)) {
      let gradient = 0;
      if (readsGradient) {
        const before = performance.now();
        if (index === 0) unit = openUnit(block, unit, prepare);
        const reducing = performance.now();
        gradient = this.#gradientOf(block, sources(block, unit), index === 0);
        products += reducing - before;
        allReduce += performance.now() - reducing;
      }
      const addresses = bases.map((base) => (base === undefined ? gradient : base + bytes(block.begin)));
      const result = kernel(block.end - block.begin, addresses, scalars(block.span));
      sums.push(...result.sums);
      if (!result.finite) notFinite ??= this.#nameOf(pass, block);
    }
    const optimizer = performance.now() - started - products - allReduce;
    const seconds = { products: products / 1000, allReduce: allReduce / 1000, optimizer: optimizer / 1000 };
    return { seconds, sums, ...(notFinite === undefined ? {} : { notFinite }) };
  }

  norms(index: number, sums: readonly number[]): readonly number[] {
    const pass = this.#plan.variants[0]?.passes[index];
    if (pass === undefined) throw new RangeError(`no pass ${index}`);
    const count = pass.norms.length;
    const groups = pass.scope === 'all' ? 1 : this.#plan.spans.length;
    const totals = new Array<number>(groups * count).fill(0);
    this.#plan.blocks.forEach(({ span }, block) => {
      for (let norm = 0; norm < count; norm++) {
        const place = (pass.scope === 'all' ? 0 : span) * count + norm;
        totals[place] = (totals[place] ?? 0) + (sums[block * count + norm] ?? 0);
      }
    });
    return totals.map(Math.sqrt);
  }

  result(seconds: StepSeconds, norms: readonly (readonly number[])[], notFinite?: string): StepResult {
    const pass = this.#plan.variants[0]?.passes.findIndex((candidate) => candidate.norms.includes('gradient')) ?? -1;
    const gradientNorm = norms[pass]?.[0];
    return {
      seconds,
      ...(gradientNorm === undefined ? {} : { gradientNorm }),
      ...(notFinite === undefined ? {} : { notFinite }),
    };
  }

  accumulate(
    args: ReductionArguments,
    { begin, end }: Slice = { begin: 0, end: this.blocks },
    prepare?: Prepare,
  ): StepSeconds {
    const sources = this.#sources(args);
    let unit: Unit | undefined;
    let products = 0;
    const started = performance.now();
    for (const block of this.#plan.blocks.slice(begin, end)) {
      if (args.reduced === true && block.unit === undefined) continue; // it lies there already
      const before = performance.now();
      unit = openUnit(block, unit, prepare);
      products += performance.now() - before;
      this.#reduceBlock(this.#reduced() + bytes(block.begin), block, sources(block, unit));
    }
    return { products: products / 1000, allReduce: (performance.now() - started - products) / 1000, optimizer: 0 };
  }

  #reduced(): number {
    if (this.#regions.reduced === undefined) throw new RangeError('this step needs regions.reduced');
    return this.#regions.reduced;
  }

  /** The gradient regions that count for a block, in shard order, what has been accumulated first. */
  #sources({
    coefficients,
    carry = 0,
    reduced = false,
  }: ReductionArguments): (block: SpanBlock, unit?: Unit) => readonly Addend[] {
    const { gradients } = this.#regions;
    const carried = carry === 0 ? [] : [{ address: this.#reduced(), coefficient: carry }];
    const computed = (unit: Unit | undefined) => [...carried, { address: unit?.address ?? NaN, coefficient: 1 }];
    if (reduced) {
      const sum = [{ address: this.#reduced(), coefficient: 1 }];
      return (block, unit) => (block.unit === undefined ? sum : computed(unit));
    }
    if (coefficients.length !== gradients.length) {
      throw new RangeError(`${coefficients.length} coefficients for ${gradients.length} shards`);
    }
    const shards = gradients.map((address, shard) => ({ address, coefficient: coefficients[shard] ?? 0 }));
    const counting = [...carried, ...shards].filter(({ coefficient }) => coefficient !== 0);
    if (counting.length === 0) throw new RangeError('a step needs a gradient whose coefficient is not 0');
    return (block, unit) => (block.unit === undefined ? counting : computed(unit));
  }

  #reduceBlock(destination: number, block: SpanBlock, sources: readonly Addend[]): void {
    const start = bytes(block.begin);
    this.#reduce(
      destination,
      block.end - block.begin,
      sources.map(({ address, coefficient }) => ({ address: address + start, coefficient })),
    );
  }

  /** Address of a block's reduced gradient; a lone gradient that counts once is used where it lies, if it stays there. */
  #gradientOf(block: SpanBlock, sources: readonly Addend[], first: boolean): number {
    const kept = this.#plan.keepsGradient;
    const [only] = sources;
    if (only !== undefined && sources.length === 1 && only.coefficient === 1 && !(kept && block.unit !== undefined)) {
      return only.address + bytes(block.begin);
    }
    const destination = kept ? this.#reduced() + bytes(block.begin) : this.#regions.scratch;
    if (first) this.#reduceBlock(destination, block, sources);
    return destination;
  }

  /** Byte offset of a lane's region; undefined for the gradient. */
  #baseOf(name: string): number | undefined {
    if (name === 'gradient') return undefined;
    if (name === 'parameter') return this.#regions.weights;
    const base = this.#regions.states[this.#plan.stateNames.indexOf(name)];
    if (base === undefined) throw new RangeError(`no region for state ${name}`);
    return base;
  }

  #nameOf({ program }: StepPass, block: SpanBlock): string {
    // What is stored lies in a region of its own: only the gradient does not, and no pass stores that.
    const baseOf = (lane: string): number => this.#baseOf(lane) ?? Number.NaN;
    return findNotFinite(this.#memory, program, block, this.#plan.parameters, baseOf);
  }

  /** Values of a pass's scalars for each span, computed when first asked for. */
  #scalarsBySpan(variant: StepVariant, pass: StepPass, args: PassArguments): (span: number) => readonly number[] {
    const known = new Map<number, readonly number[]>();
    return (span) => {
      let values = known.get(span);
      if (values === undefined) {
        const context = this.#context(variant, span, args);
        const named = new Map(variant.chain.flatMap((link) => Object.entries(link.scalars?.(context) ?? {})));
        values = pass.program.scalars.map((name) => {
          const value = named.get(name);
          if (value === undefined) throw new Error(`no transform gives the scalar ${name}`);
          return value;
        });
        known.set(span, values);
      }
      return values;
    };
  }

  #context(variant: StepVariant, span: number, args: PassArguments): ScalarContext {
    const options = this.#plan.spans[span]?.options;
    if (options === undefined) throw new RangeError(`no span ${span}`);
    return {
      ...options,
      step: args.step,
      learningRate: args.learningRate * options.learningRateScale,
      momentum: args.momentum,
      norm: (name) => {
        // NaN before its pass: transforms name all their scalars in every pass, but only later passes read these.
        const index = variant.passes.findIndex((pass) => pass.norms.includes(name));
        const pass = variant.passes[index];
        if (pass === undefined) return NaN;
        const group = pass.scope === 'all' ? 0 : span;
        return args.norms[index]?.[group * pass.norms.length + pass.norms.indexOf(name)] ?? NaN;
      },
    };
  }
}

/** Compiles a plan over a memory. */
export function bindStepKernel(plan: KernelPlan, memory: WebAssembly.Memory, regions: StepRegions): StepKernel {
  const end = plan.spans.at(-1)?.end ?? 0;
  if (end > regions.length)
    throw new RangeError(`parameters end at ${end}, behind regions of ${regions.length} floats`);
  if (regions.states.length !== plan.stateNames.length) {
    throw new RangeError(`${regions.states.length} state regions for ${plan.stateNames.length} states`);
  }
  if (plan.keepsGradient && regions.reduced === undefined) throw new RangeError('this optimizer needs regions.reduced');
  return new BoundStepKernel(plan, memory, regions);
}
