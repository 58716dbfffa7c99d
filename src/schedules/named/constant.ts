import { defineSchedule } from '../define.js';

/** The same learning rate throughout. */
export const constant = defineSchedule({
  name: 'constant',
  title: 'The same learning rate throughout',
  source: "PyTorch's ConstantLR with factor 1",
  words: ['none', 'ConstantLR'],
  options: {},
  open: (_, { base }) => ({ learningRate: () => base }),
});
