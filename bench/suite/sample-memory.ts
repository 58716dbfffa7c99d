import { startStepChild } from '../../src/measure/index.js';
import { createModel, modelSummary, networks } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { atMost, type Claim } from '../harness/result.js';
import { type Bench, wanted } from './bench.js';

const mebibyte = 2 ** 20;
/** Of the smaller batch. */
const fewSamples = 8;
/** Activations of the samples that the larger batch has more: enough to stand out from everything else. */
const wantedBytes = 512 * mebibyte;
const mostSamples = 512;
const steps = 3;

/** What a further sample in a batch adds to the most memory a training takes, beside what the model's summary states. */
export const sampleMemoryBench: Bench = {
  name: 'sample-memory',
  title: 'Memory a sample',
  async run(options) {
    await loadNative();
    const rows: (string | number | null)[][] = [];
    const claims: Claim[] = [];
    for (const { name, smallestInput: side, defaultChannels: channels, defaultClasses: classes } of networks) {
      // A description in JSON has no size of its own.
      if (name === 'custom' || !wanted(options, name)) continue;
      options.say(name);
      const image = { height: side, width: side, channels };
      const model = createModel(name, { ...image, classes });
      const { activationBytes, trainingBytes } = modelSummary(model);
      model.dispose();
      const more = Math.min(mostSamples, Math.max(fewSamples, Math.ceil(wantedBytes / activationBytes)));
      const peaks: number[] = [];
      for (const batchSize of [fewSamples, fewSamples + more]) {
        const config = { model: { name }, batchSize, workers: 1, shards: 1 };
        const child = await startStepChild({ config, image, classes });
        try {
          peaks.push((await child.round({ steps })).peakBytes);
        } finally {
          await child.close();
        }
      }
      // The pixels that wait in slots are the batch's too.
      const measured = ((peaks[1] as number) - (peaks[0] as number)) / more;
      rows.push([
        `\`${name}\``,
        `${side}x${side}x${channels}`,
        more,
        ...[activationBytes, trainingBytes, measured].map((size) => size / mebibyte),
      ]);
      claims.push(atMost(`${name}: of the memory a sample that its summary states`, 1, measured / trainingBytes));
    }
    return {
      tables: [
        {
          title: `Most resident memory in ${steps} steps, MiB a further sample, at the smallest input`,
          columns: ['network', 'input', 'further samples', 'activations', 'stated', 'measured'],
          rows,
        },
      ],
      claims,
      notes: [
        'Of a network whose weights take more memory to load than its step does, what the step takes is seen only in part, or not at all.',
      ],
    };
  },
};
