import { setUpTensorflow } from '../../api/setup.js';
import { defineCommand } from '../define.js';
import { option } from '../options.js';
import { oneOf } from '../parsers.js';

export const setup = defineCommand({
  name: 'setup',
  description: 'Makes TensorFlow ready: downloads its library (270 MB) and builds what Node.js needs. Once.',
  options: [
    option('--from <source>', 'auto, pip or installer (of tfjs-node)', {
      parse: oneOf(['auto', 'pip', 'installer']),
      default: 'auto',
    }),
  ],
  async action(_, { from }, terminal) {
    const code = await setUpTensorflow(from);
    terminal.record({ type: 'setup', ready: code === 0 });
    if (code !== 0) process.exitCode = code;
  },
});
