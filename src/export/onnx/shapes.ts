/** Ops that change shapes, and the sizes that they are told. */
import { constantIntegers, type Value } from '../../ops/index.js';
import { narrow, wide } from './axes.js';
import { inputOf, type OnnxLowerings, outputOf } from './table.js';

export const shapes: OnnxLowerings = {
  BroadcastTo: (onnx, node) => {
    onnx.set(
      outputOf(node),
      onnx.add('Expand', [onnx.last(inputOf(node, 0)), wide(onnx, inputOf(node, 1))], {}, node.name),
    );
  },
  Pack: (onnx, node) => {
    const parts = node.inputs.map((value) => onnx.add('Unsqueeze', [wide(onnx, value), onnx.integers([0])]));
    onnx.set(outputOf(node), narrow(onnx, outputOf(node), onnx.add('Concat', parts, { axis: 0 }, node.name)));
  },
  Reshape: (onnx, node) => {
    const inputs = [onnx.last(inputOf(node, 0)), wide(onnx, inputOf(node, 1))];
    onnx.set(outputOf(node), onnx.add('Reshape', inputs, {}, node.name));
  },
  Shape: (onnx, node) => {
    onnx.set(
      outputOf(node),
      narrow(onnx, outputOf(node), onnx.add('Shape', [onnx.last(inputOf(node, 0))], {}, node.name)),
    );
  },
  // src/ops takes one element by it, and nothing else.
  StridedSlice: (onnx, node) => {
    const [index = 0] = constantIntegers(node.inputs[1] as Value);
    const inputs = [wide(onnx, inputOf(node, 0)), onnx.integers([index], [])];
    onnx.set(outputOf(node), narrow(onnx, outputOf(node), onnx.add('Gather', inputs, { axis: 0 }, node.name)));
  },
  Transpose: (onnx, node) => {
    onnx.set(outputOf(node), onnx.permuted(inputOf(node, 0), constantIntegers(inputOf(node, 1))));
  },
};
