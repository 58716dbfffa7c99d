import { integers, placedMaxPoolGradient, shapeOf, type Value } from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/** Poolings and resizing, by TensorFlow's own gradient kernels. */
export const poolingGradients: GradientTable = {
  MaxPool: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const output = { type: x.type, shape: x.shape };
    return [graph.add('MaxPoolGrad', [x, outputOf(node), gradient], node.attributes, output, 'input')];
  },
  ConvoyMaxPool: (graph, node, gradient) => [placedMaxPoolGradient(graph, node, gradient)],
  AvgPool: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const output = { type: x.type, shape: x.shape };
    return [graph.add('AvgPoolGrad', [shapeOf(graph, x), gradient], node.attributes, output, 'input')];
  },
  CropAndResize: (graph, node, gradient) => {
    const [x, boxes, images] = node.inputs as readonly [Value, Value, Value];
    const attributes = { T: { type: x.type }, method: 'bilinear' } as const;
    const output = { type: x.type, shape: x.shape };
    return [
      graph.add('CropAndResizeGradImage', [gradient, boxes, images, shapeOf(graph, x)], attributes, output, 'input'),
    ];
  },
  MirrorPad: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const output = { type: x.type, shape: x.shape };
    return [graph.add('MirrorPadGrad', [gradient, inputOf(node, 1)], node.attributes, output, 'input')];
  },
  ResizeNearestNeighbor: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const size = integers(graph, x.shape.slice(1, 3));
    const output = { type: x.type, shape: x.shape };
    return [graph.add('ResizeNearestNeighborGrad', [gradient, size], node.attributes, output, 'input')];
  },
  ResizeBilinear: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    const output = { type: x.type, shape: x.shape };
    return [graph.add('ResizeBilinearGrad', [gradient, x], node.attributes, output, 'input')];
  },
};
