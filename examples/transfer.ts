// Transfer learning: a small base trained on digits, then 200 images of clothes: head first, then everything at a low rate.
import { Trainer } from 'convoy-train';

const base = `runs/digits-${process.pid}`;
await new Trainer({
  config: { dataset: 'mnist', model: { name: 'mnist-cnn' }, optimizer: { name: 'adam' }, epochs: 1 },
  out: base,
}).train();

const few = { dataset: 'fashion-mnist', limit: 200, optimizer: { name: 'adam' as const } };
const scratch = await new Trainer({ config: { ...few, model: { name: 'mnist-cnn' }, epochs: 12 } }).train();
const tuned = await new Trainer({
  config: {
    ...few,
    base: { name: base },
    phases: [{ epochs: 6 }, { epochs: 6, freeze: 'none', learningRate: 1e-4 }],
  },
}).train();
for (const [name, run] of Object.entries({ 'from scratch': scratch, 'on the base': tuned })) {
  console.log(`${name}: test accuracy ${(await run.evaluate()).accuracy.toFixed(3)}`);
}
