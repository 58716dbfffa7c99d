import test from 'ava';
import { resolveConfig } from '../../src/config/config.js';
import { balancedClassWeights, settleClassWeights } from '../../src/runtime/class-weights.js';

/** Four samples of three classes. */
const labels = new Int32Array(new SharedArrayBuffer(16));
labels.set([0, 1, 2, 0]);
const train = { classes: ['top', 'middle', 'bottom'], targets: { kind: 'classes', labels } } as const;

const config = (input: object) => resolveConfig({ where: '', input });

test('balanced weights are n / (k count), and each class has the same sum of weights', (t) => {
  const labels = [0, 0, 0, 0, 0, 0, 1, 1, 2];
  // scikit-learn: compute_class_weight('balanced', classes=[0, 1, 2], y=labels) = [9/18, 9/6, 9/3]
  t.deepEqual(balancedClassWeights(labels, ['a', 'b', 'c']), [0.5, 1.5, 3]);
});

test('a class without a sample has no balanced weight, and is named', (t) => {
  const error = t.throws(() => balancedClassWeights([0, 0, 2], ['cat', 'dog', 'fox']), { code: 'CONVOY_DATA' });
  t.regex(error.message, /none of dog; leave these classes out with --classes/);
});

test('the weights become numbers of the loss, which the run records', (t) => {
  const settled = settleClassWeights(config({ classWeights: 'balanced' }), train);
  t.deepEqual(settled.loss, { name: 'crossEntropy', classWeights: [4 / 6, 4 / 3, 4 / 3] } as never);
  t.is(settled.classWeights, undefined);
  t.deepEqual(config({ ...settled }), settled, 'reads back as the same configuration');
  const given = settleClassWeights(config({ classWeights: [1, 2, 3] }), train);
  t.deepEqual(given.loss, { name: 'crossEntropy', classWeights: [1, 2, 3] } as never);
});

test('class weights that cannot be are refused', (t) => {
  const refused = (input: object, message: RegExp): void =>
    void t.throws(() => settleClassWeights(config(input), train), { code: 'CONVOY_OPTION', message });
  refused({ classWeights: 'balanced', loss: { name: 'hinge' } }, /classWeights needs the loss crossEntropy/);
  refused({ classWeights: [1, 2] }, /3 numbers, one for each class,/);
  refused({ classWeights: 'balanced', loss: { name: 'crossEntropy', classWeights: [1, 1, 1] } }, /excludes loss/);
  refused({ classWeights: 'equal' }, /classWeights/);
  const several = {
    ...train,
    targets: { kind: 'multi-label', values: new Float32Array(new SharedArrayBuffer(48)) },
  } as const;
  t.throws(() => settleClassWeights(config({ classWeights: 'balanced' }), several), { message: /one class per image/ });
});
