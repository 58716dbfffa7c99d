/** `convoy-train/setup`: makes TensorFlow ready; loads nothing of it. */
export { setUpTensorflow } from '../base/set-up.js';
