import test from 'ava';
import { didYouMean, suggestions } from '../../src/base/suggest.js';

const known = [
  'cifar10',
  'cifar100',
  'mnist',
  'fashion-mnist',
  'shapes',
  'learningRate',
  'weightDecay',
  'resnet50',
  'cifar-resnet20',
  'widthFactor',
];
const aliases = { learningRate: ['lr', 'eta'], weightDecay: ['wd'] };

const table: readonly (readonly [word: string, meant: readonly string[]])[] = [
  ['MNIST', ['mnist']],
  ['weight_decay', ['weightDecay']],
  ['--weight-decay', ['weightDecay']],
  ['lr', ['learningRate']],
  ['LR', ['learningRate']],
  ['wd', ['weightDecay']],
  ['cifra10', ['cifar10']],
  ['cifar1', ['cifar10', 'cifar100']],
  ['cifar1o', ['cifar10']],
  ['minst', ['mnist']],
  ['fashion', ['fashion-mnist']],
  ['fashon_mnist', ['fashion-mnist']],
  ['learningrat', ['learningRate']],
  ['decay', ['weightDecay']],
  ['resnet-20', ['cifar-resnet20']],
  ['widht', ['widthFactor']],
  ['svhn', []],
  ['x', []],
  ['', []],
  ['---', []],
];
for (const [word, meant] of table) {
  test(`"${word}" means ${meant.join(' or ') || 'nothing that is known'}`, (t) => {
    t.deepEqual(suggestions(word, known, aliases), meant);
  });
}

test('no more than three names are suggested', (t) => {
  t.deepEqual(suggestions('resnet', ['resnet18', 'resnet34', 'resnet50', 'resnet101']), [
    'resnet18',
    'resnet34',
    'resnet50',
  ]);
});

test('suggestions are told as a question, none as nothing', (t) => {
  t.is(didYouMean(['a']), '; did you mean a?');
  t.is(didYouMean(['a', 'b', 'c']), '; did you mean a, b or c?');
  t.is(didYouMean([]), '');
});
