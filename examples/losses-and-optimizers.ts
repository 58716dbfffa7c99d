// Losses and optimizers side by side, with the lines of PyTorch and Keras that they stand for.
import { type ConfigInput, Trainer } from 'convoy-train';

const trials: readonly { readonly pytorch: string; readonly keras: string; readonly config: ConfigInput }[] = [
  {
    pytorch: 'SGD(params, lr=0.01, momentum=0.9)',
    keras: 'SGD(0.01, momentum=0.9)',
    config: { optimizer: { name: 'sgd', momentum: 0.9 }, learningRate: 0.01 },
  },
  { pytorch: 'Adam(params)', keras: 'Adam()', config: { optimizer: { name: 'adam' } } },
  {
    pytorch: 'AdamW(params, weight_decay=0.05)',
    keras: 'AdamW(weight_decay=0.05)',
    config: { optimizer: { name: 'adamw', weightDecay: 0.05 } },
  },
  {
    pytorch: 'CrossEntropyLoss(label_smoothing=0.1)',
    keras: 'CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)',
    config: { optimizer: { name: 'adam' }, loss: { name: 'crossEntropy', labelSmoothing: 0.1 } },
  },
];

for (const { pytorch, keras, config } of trials) {
  const run = await new Trainer({
    config: { dataset: 'mnist', model: { name: 'lenet5' }, epochs: 1, ...config },
  }).train();
  const { accuracy } = await run.evaluate();
  console.log(`PyTorch ${pytorch}\nKeras   ${keras}\n  test accuracy ${accuracy.toFixed(4)}`);
}
