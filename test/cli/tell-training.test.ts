import test from 'ava';
import type { EpochRecord } from '../../src/callbacks/index.js';
import { rateMoves, tellEpoch, tellPhase } from '../../src/cli/tell-training.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { resolveConfig } from '../../src/config/index.js';
import type { ModelSummary } from '../../src/models/index.js';

/** A terminal that keeps its lines. */
function kept(): { readonly terminal: Terminal; readonly lines: string[] } {
  const lines: string[] = [];
  const terminal = {
    json: false,
    interactive: false,
    line: (text: string) => void lines.push(text),
    note: () => undefined,
    record: () => undefined,
  };
  return { terminal, lines };
}

const record: EpochRecord = {
  epoch: 3,
  steps: 30,
  learningRate: 0.00012345,
  train: { loss: 0.5, accuracy: 0.75 },
  test: { loss: 0.625, accuracy: 0.5 },
  imagesPerSecond: 1234,
  seconds: 2.5,
  phases: { data: 0, gradients: 1, allReduce: 0, optimizer: 0, evaluation: 0 },
};

test('the learning rate stands in the line of an epoch where it moves', (t) => {
  const { terminal, lines } = kept();
  tellEpoch(terminal, record, true);
  tellEpoch(terminal, record, false);
  t.deepEqual(lines, [
    'epoch  3  loss 0.5000  accuracy 75.00%  test loss 0.6250  test accuracy 50.00%  rate 0.000123  1,234 images/s  2.5 s',
    'epoch  3  loss 0.5000  accuracy 75.00%  test loss 0.6250  test accuracy 50.00%  1,234 images/s  2.5 s',
  ]);
});

test('it moves by a schedule, a warm-up or phases', (t) => {
  const moves = (input: object) => rateMoves(resolveConfig({ where: '', input }));
  t.false(moves({}));
  t.true(moves({ schedule: { name: 'cosine' } }));
  t.true(moves({ schedule: { name: 'constant', warmup: { epochs: 1 } } }));
  t.true(moves({ base: { name: 'resnet50' }, phases: [{ epochs: 1 }] }));
});

test('a phase says what trains, at which rate, and how many parameters are frozen', (t) => {
  const summary = { parameters: 25_000, trainableParameters: 1_000 } as ModelSummary;
  const config = resolveConfig({
    where: '',
    input: {
      base: { name: 'resnet50' },
      learningRate: 0.1,
      phases: [
        { epochs: 2 },
        { epochs: 3, freeze: 'until:conv4', learningRate: 1e-5, schedule: { name: 'cosine' } },
        { epochs: 1, freeze: 'none' },
      ],
    },
  });
  const { terminal, lines } = kept();
  for (const [epoch, phase] of [0, 2, 5].map((epoch, index) => [epoch, config.phases?.[index]] as const)) {
    const { epochs: _, schedule = config.schedule, ...own } = phase ?? { epochs: 0 };
    tellPhase(terminal, { config: { ...config, ...own, schedule }, epoch, summary });
  }
  t.deepEqual(lines, [
    'phase 1 of 3: the head, rate 0.1; 1,000 parameters train, 24,000 are frozen',
    'phase 2 of 3: the layers after conv4, rate 1e-5, schedule cosine; 1,000 parameters train, 24,000 are frozen',
    'phase 3 of 3: all layers, rate 0.1; 1,000 parameters train, 24,000 are frozen',
  ]);
});
