import test from 'ava';
import { loadNative } from '../../src/native/index.js';
import { halfBlocks } from '../../src/tools/half-blocks.js';

test.before(() => loadNative());

test('a character has the colours of two pixels above each other', async (t) => {
  // Rows in turn red and blue; 12x12 is the size in characters, so that no pixel is mixed.
  const pixels = Uint8Array.from({ length: 12 * 12 * 3 }, (_, i) => {
    const row = Math.floor(i / 36);
    return i % 3 === (row % 2 === 0 ? 0 : 2) ? 200 : 0;
  });
  const lines = await halfBlocks([{ width: 12, height: 12, channels: 3, pixels, label: 'a\u001b[2J' }]);
  t.is(lines.length, 7);
  for (const line of lines.slice(0, 6))
    t.is(line, `${'\u001b[38;2;200;0;0m\u001b[48;2;0;0;200m▀'.repeat(12)}\u001b[0m`);
  t.is(lines[6], 'a·[2J       ', 'a name cannot command the terminal');
});

test('grey pictures are grey', async (t) => {
  const pixels = new Uint8Array(144).fill(70);
  const [line] = await halfBlocks([{ width: 12, height: 12, channels: 1, pixels }]);
  t.true(line?.startsWith('\u001b[38;2;70;70;70m\u001b[48;2;70;70;70m▀'), JSON.stringify(line?.slice(0, 60)));
});
