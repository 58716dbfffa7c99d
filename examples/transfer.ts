// Transfer learning: a base trained on five digits, then 10 images each of the five others: head first, then everything.
import { Trainer } from 'convoy-train';

const base = `runs/digits-${process.pid}`;
const optimizer = { name: 'adam' as const };
const first = ['0', '1', '2', '3', '4'];
await new Trainer({
  config: { dataset: 'mnist', classes: first, model: { name: 'mnist-cnn' }, optimizer, epochs: 2 },
  out: base,
}).train();

const classes = ['5', '6', '7', '8', '9'];
const few = { dataset: 'mnist', classes, limit: 50, batchSize: 20, optimizer };
const scratch = await new Trainer({ config: { ...few, model: { name: 'mnist-cnn' }, epochs: 30 } }).train();
const tuned = await new Trainer({
  config: {
    ...few,
    base: { name: base },
    phases: [
      { epochs: 20, learningRate: 0.01 },
      { epochs: 10, freeze: 'none', learningRate: 1e-4 },
    ],
  },
}).train();
for (const [name, run] of Object.entries({ 'from scratch': scratch, 'on the base': tuned })) {
  console.log(`${name}: test accuracy ${(await run.evaluate()).accuracy.toFixed(3)}`);
}
