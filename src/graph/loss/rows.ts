import { ignoredPixel, type StepSpec } from '../../contracts/index.js';
import {
  argMax,
  binary,
  cast,
  compare,
  type GraphBuilder,
  reshape,
  scalarOf,
  scale,
  type Value,
} from '../../ops/index.js';

/** Outputs and targets as losses compare them: a row for whatever is judged by itself, an image or a pixel. */
export interface Rows {
  /** [R, K] */
  readonly outputs: Value;
  /** int32 [R] class indices, or float32 [R, K]. */
  readonly targets: Value;
  /** Of pixels: 1, or 0 for those of no class, float32 [R]; and how many an image has. */
  readonly pixels?: { readonly valid: Value; readonly each: number };
}

/**
 * The rows of a batch.
 *
 * @param output the model's, [B, K], of masks [B, H, W, K], of reconstructions [B, H, W, C].
 * @param targets as they lie in the slot; of reconstructions the pixels.
 */
export function rowsOf(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): Rows {
  if (spec.targets === 'pixels') {
    const length = output.shape.slice(1).reduce((product, size) => product * size, 1);
    const shares = scale(graph, cast(graph, targets, 'float32'), 1 / 255);
    return {
      outputs: reshape(graph, output, [-1, length]),
      targets: reshape(graph, shares, [-1, length]),
    };
  }
  if (spec.targets !== 'masks') return { outputs: output, targets };
  const { height, width } = spec.image;
  const classes = reshape(graph, cast(graph, targets, 'int32'), [-1]);
  const kept = compare(graph, 'NotEqual', classes, graph.constant(ignoredPixel, 'int32'));
  return {
    outputs: reshape(graph, output, [-1, output.shape[3] as number]),
    // A pixel of no class needs some class that there is: its loss is not counted.
    targets: binary(graph, 'Mul', classes, cast(graph, kept, 'int32')),
    pixels: { valid: cast(graph, kept, 'float32'), each: height * width },
  };
}

/**
 * What evaluation keeps of the outputs, float32 [B, kept]: of masks the class of each pixel, of others all that the model gives.
 *
 * @param threshold above which a single output says class 1.
 */
export function keptOutputs(graph: GraphBuilder, spec: StepSpec, output: Value, threshold: number): Value {
  const { height, width } = spec.image;
  if (spec.targets === 'pixels' || spec.targets === 'boxes')
    return reshape(graph, output, [-1, output.shape.slice(1).reduce((product, size) => product * size, 1)]);
  if (spec.targets !== 'masks') return output;
  const said =
    output.shape[3] === 1
      ? compare(graph, 'Greater', output, scalarOf(graph, output, threshold))
      : argMax(graph, output);
  return reshape(graph, cast(graph, said, 'float32'), [-1, height * width]);
}
