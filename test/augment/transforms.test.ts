/** What holds for every transform of the registry, by its example: a new one is tested here by its definition alone. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { applySteps } from '../../augment/pixels/index.js';
import { validateAugment } from '../../augment/spec/spec.js';
import { planWindow, transforms } from '../../augment/transforms/index.js';
import { RandomStream } from '../../src/base/random.js';

const count = 24;
const shapes = [
  { height: 16, width: 16, channels: 3 },
  { height: 17, width: 23, channels: 1 },
];

/** Images of noise with pixels of 20 to 219, so that any change of contrast shows. */
function noise(length: number): Uint8Array {
  const stream = new RandomStream(2, 'test');
  return Uint8Array.from({ length }, () => 20 + stream.below(200));
}

for (const transform of transforms) {
  const { name, example = {} } = transform;

  test(`${name}: its example can be read, and read again`, (t) => {
    const spec = validateAugment([{ name, ...example }]);
    t.true(spec[0]?.name === name);
    t.deepEqual(Object.keys(spec[0] ?? {}).sort(), ['name', ...Object.keys(transform.options)].sort());
    t.deepEqual(validateAugment(JSON.parse(JSON.stringify(spec))), spec);
  });

  test(`${name}: defaults are as the definition says them`, (t) => {
    const stated = Object.entries(transform.options).filter(([, option]) => option.default !== undefined);
    const spelled = Object.fromEntries(stated.map(([option, parameter]) => [option, parameter.default]));
    t.deepEqual(validateAugment([{ name, ...spelled, ...example }]), validateAugment([{ name, ...example }]));
  });

  test(`${name}: an unknown or wrong option is refused by name`, (t) => {
    t.throws(() => validateAugment([{ name, ...example, nothing: 1 }]), {
      message: new RegExp(`^Unknown option "nothing" of augment\\.0 ${name}; it takes `),
    });
    for (const option of Object.keys(transform.options)) {
      t.throws(() => validateAugment([{ name, ...example, [option]: {} }]), {
        message: new RegExp(`for augment\\.0\\.${option} but received`),
      });
    }
  });

  for (const shape of shapes) {
    test(`${name}: the same pixels each time, other than before, ${shape.channels} channels`, async (t) => {
      const bytes = shape.height * shape.width * shape.channels;
      const pixels = noise(count * bytes);
      const spec = validateAugment([{ name, ...example }]);
      const render = async (epoch: number): Promise<Buffer> => {
        const steps = planWindow(spec, shape, 4, { seed: 1, epoch, window: 0, count });
        const output = new Uint8Array(count * bytes);
        await applySteps(steps, shape, count, { pixels, start: (index) => index * bytes }, output);
        return Buffer.from(output);
      };
      const once = await render(0);
      t.true(once.equals(await render(0)));
      const planned = planWindow(spec, shape, 4, { seed: 1, epoch: 0, window: 0, count }).length > 0;
      // Transforms of colours leave grey images as they are.
      if (shape.channels === 3) t.is(once.equals(pixels), !planned);
    });
  }
}

test('docs/augmentation.md has the table of the definitions', (t) => {
  const page = readFileSync(new URL('../../../docs/augmentation.md', import.meta.url), 'utf8');
  const shown = (value: unknown): string => (Array.isArray(value) ? value.map(short).join('..') : short(value));
  const short = (value: unknown): string =>
    typeof value === 'number' ? String(Number(value.toFixed(3))) : String(value ?? 'none');
  for (const { name, description, torchvision, options } of transforms) {
    const parameters = Object.entries(options)
      .map(([option, parameter]) => `${option} (${shown(parameter.default)}): ${parameter.description}`)
      .join('<br>');
    const row = `| \`${name}\` | ${description} | ${torchvision ?? ''} | ${parameters} |`;
    t.true(page.includes(`${row}\n`), `expected the row\n${row}`);
  }
});
