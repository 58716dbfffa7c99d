/**
 * `node check-kernels.mjs ADDON KERNELS`: loads TensorFlow's addon and our kernels and computes with them, in a process of its
 * own since a wrong library may crash it.
 */
import { createRequire } from 'node:module';

const [addon, library] = process.argv.slice(2);
const binding = createRequire(import.meta.url)(addon);
const kernels = { exports: {} };
process.dlopen(kernels, library);
const { sets, use } = kernels.exports;
// The quickest set; where none is quicker than TensorFlow, the one that every processor has.
use(use('') === '' ? sets.split(',')[0] : '');
const float32 = 1; // TF_FLOAT
const image = binding.createTensor([1, 2, 2, 1], float32, new Float32Array([3, -4, 5, 1]));
const window = { name: 'window', type: binding.TF_ATTR_INT, value: [2, 2] };
const [most] = binding.executeOp('ConvoyMaxPool', [window], [image], 2);
const [found] = binding.tensorDataSync(most.id);
if (found !== 5) throw new Error(`expected 5 to be the greatest of 3, -4, 5, 1 but the kernels computed ${found}`);
