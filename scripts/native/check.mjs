/**
 * `node check.mjs ADDON`: loads an addon and computes with it, in a process of its own since a wrong library may crash
 * it. Prints TensorFlow's version and the library files that came with it, as JSON.
 */
import { createRequire } from 'node:module';

const addon = process.argv[2];
const binding = createRequire(import.meta.url)(addon);
const float32 = 1; // TF_FLOAT
const input = binding.createTensor([2], float32, new Float32Array([3, -4]));
const [output] = binding.executeOp('Square', [{ name: 'T', type: binding.TF_ATTR_TYPE, value: float32 }], [input], 1);
const squares = [...binding.tensorDataSync(output.id)];
if (squares.join() !== '9,16') throw new Error(`expected 3^2, (-4)^2 = 9, 16 but TensorFlow computed ${squares}`);
const libraries = process.report.getReport().sharedObjects.filter((file) => /tensorflow/.test(file) && file !== addon);
console.log(`\n${JSON.stringify({ version: binding.TF_Version, libraries })}`);
