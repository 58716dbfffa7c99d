// A multilayer perceptron and a CNN on the same images: parameters, accuracy, time.
import { describeModel, Trainer } from 'convoy-train';

for (const name of ['mlp', 'mnist-cnn']) {
  const { parameters } = await describeModel({ name });
  const config = { dataset: 'mnist', model: { name }, optimizer: { name: 'adam' as const }, batchSize: 128, epochs: 3 };
  const run = await new Trainer({ config }).train();
  const { accuracy } = await run.evaluate();
  const { seconds } = run.summary;
  console.log(`${name}: ${parameters} parameters, test accuracy ${accuracy.toFixed(4)} in ${seconds.toFixed(0)} s`);
}
