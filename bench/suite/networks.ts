import { createModel, modelSummary, networks } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { type Bench, wanted } from './bench.js';

const million = 1e6;
const mebibyte = 2 ** 20;

/** Size and cost of every network at its usual input, counted, not timed. */
export const networksBench: Bench = {
  name: 'networks',
  title: 'Networks',
  async run(options) {
    await loadNative();
    const rows: (string | number | null)[][] = [];
    for (const { name, title, defaultInput, defaultChannels: channels, defaultClasses } of networks) {
      // A description in JSON has no size of its own.
      if (name === 'custom' || !wanted(options, name)) continue;
      options.say(name);
      const model = createModel(name, { height: defaultInput, width: defaultInput, channels, classes: defaultClasses });
      const { parameters, multiplyAdds, activationBytes } = modelSummary(model);
      model.dispose();
      rows.push([
        `\`${name}\``,
        title,
        `${defaultInput}x${defaultInput}x${channels}`,
        parameters,
        multiplyAdds / million,
        activationBytes / mebibyte,
      ]);
    }
    return {
      tables: [
        {
          title: 'At the usual input and number of classes',
          columns: [
            'network',
            '',
            'input',
            'parameters',
            'million multiply-adds a sample',
            'MiB of activations a sample',
          ],
          rows,
        },
      ],
      notes: [
        'Multiply-adds of one forward pass, what torchvision and papers state as FLOPs; a training step costs about three times as much.',
        'Activations: float32 outputs of all layers, which a training step keeps for the backward pass.',
      ],
    };
  },
};
