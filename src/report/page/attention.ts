import type { LooksReport, MapReport, RunReport } from '../types.js';
import { choice, fill, h, percent, roving, section, shown } from './dom.js';
import { colorScale, namesOf, paint, picture, unpack } from './pictures.js';

const kinds: readonly (readonly [MapReport['kind'], string, string])[] = [
  ['grad-cam', 'Grad-CAM', 'Parts of the last convolution that raise the score of the class (Selvaraju et al. 2017).'],
  ['grad-cam++', 'Grad-CAM++', 'As Grad-CAM; finds several objects of one class (Chattopadhay et al. 2018).'],
  ['saliency', 'Saliency', 'Pixels whose change would change the score most (Simonyan et al. 2014).'],
  [
    'occlusion',
    'Occlusion',
    'How much the score falls (red) or rises (blue) when a square covers the place (Zeiler and Fergus 2014).',
  ],
];

/** What the network looks at, and what its layers answer. */
export function attentionView({ looks, classes }: RunReport): HTMLElement {
  if (looks === undefined || looks.images.length === 0)
    return section('Attention', 'There are no maps: the data of the run were not found.');
  const box = h('div');
  const buttons = looks.images.map((image, index) =>
    h(
      'button',
      { type: 'button', class: 'choose', 'aria-pressed': false, onclick: () => draw(index) },
      h('img', { src: image.uri, alt: namesOf(classes, image.truth) }),
    ),
  );
  roving(buttons, buttons.length);
  const draw = (index: number): void => {
    for (const [other, button] of buttons.entries()) button.setAttribute('aria-pressed', String(other === index));
    fill(box, explained(looks, index, classes));
  };
  draw(0);
  return h(
    'div',
    {},
    section(
      'What the network looks at',
      'Each map explains the class that the network predicts. A class map is no proof: compare several.',
      h('div', { class: 'chooser', role: 'group', 'aria-label': 'Images' }, buttons),
      box,
    ),
    looks.activations.length === 0
      ? null
      : section(
          'Activations',
          'What each channel of a layer answers to an image: black is its smallest value, white its largest.',
          activationsOf(looks, classes),
        ),
    looks.exciting.length === 0 || looks.excitingSheet === undefined
      ? null
      : section(
          'What excites a channel',
          'The test images with the largest activation anywhere in the map of the channel.',
          exciting(looks),
        ),
  );
}

function explained(looks: LooksReport, index: number, classes: readonly string[]): HTMLElement {
  const image = looks.images[index];
  if (image === undefined) return h('div');
  const opacity = h('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 60,
    'aria-label': 'Opacity of the maps',
    oninput: () => apply(),
  });
  const overlays: HTMLCanvasElement[] = [];
  const apply = (): void => {
    for (const canvas of overlays) canvas.style.opacity = String(Number(opacity.value) / 100);
  };
  const maps = looks.maps
    .filter((map) => map.image === index)
    .map((map) => {
      const [, name = map.kind, text = ''] = kinds.find(([kind]) => kind === map.kind) ?? [];
      const [height = 1, width = 1] = map.values.shape;
      const canvas = h('canvas', {
        class: map.kind === 'saliency' ? 'map sharp' : 'map',
        role: 'img',
        'aria-label': `${name} of ${classes[map.label] ?? map.label}`,
      });
      const twoSided = map.kind === 'occlusion';
      paint(
        canvas,
        Float32Array.from(unpack(map.values), (value) => value / 255),
        { width, height, twoSided },
      );
      overlays.push(canvas);
      return h(
        'figure',
        { class: 'explained' },
        h('div', { class: 'over' }, h('img', { src: image.uri, alt: '' }), canvas),
        h(
          'figcaption',
          {},
          h('strong', {}, name),
          h('span', { dir: 'auto' }, ` for ${classes[map.label] ?? map.label}`),
          h('p', {}, text),
        ),
        colorScale(shown(map.low), shown(map.high), twoSided),
      );
    });
  apply();
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'says' },
      h('img', { src: image.uri, alt: namesOf(classes, image.truth), class: 'large' }),
      h(
        'div',
        {},
        h('p', {}, 'True class: ', h('strong', { dir: 'auto' }, namesOf(classes, image.truth))),
        h(
          'ol',
          { class: 'bars' },
          image.likely.map(([label, share]) =>
            h(
              'li',
              {},
              h('span', { dir: 'auto' }, classes[label] ?? String(label)),
              h('span', { class: 'meter' }, h('span', { style: { width: `${100 * share}%` } })),
              h('span', { class: 'number' }, percent(share)),
            ),
          ),
        ),
        h('label', { class: 'choice' }, h('span', {}, 'Opacity of the maps'), opacity),
      ),
    ),
    h('div', { class: 'grid four' }, maps),
  );
}

function activationsOf(looks: LooksReport, classes: readonly string[]): HTMLElement {
  const layers = [...new Set(looks.activations.map(({ layer }) => layer))];
  const images = [...new Set(looks.activations.map(({ image }) => image))];
  const box = h('div');
  let [layer = '', image = 0] = [layers[0], images[0]];
  const draw = (): void => {
    const own = looks.activations.find((each) => each.layer === layer && each.image === image);
    if (own === undefined) return;
    const { sheet, shape } = own;
    const [height = 1, width = 1, channels = 1] = shape;
    fill(
      box,
      h(
        'p',
        { class: 'lead' },
        `${channels} maps of ${height} × ${width}${sheet.count < channels ? `; the first ${sheet.count} are shown` : ''}.`,
      ),
      h(
        'div',
        { class: 'filters' },
        Array.from({ length: sheet.count }, (_, channel) =>
          h(
            'figure',
            { class: 'filter' },
            picture(sheet, channel, 96, `channel ${channel}`),
            h('figcaption', {}, channel),
          ),
        ),
      ),
    );
  };
  draw();
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'choices' },
      choice(
        'Layer',
        layers.map((name) => [name, name]),
        (value) => {
          layer = value;
          draw();
        },
      ),
      choice(
        'Image',
        images.map((index) => [String(index), `${index + 1}: ${namesOf(classes, looks.images[index]?.truth ?? [])}`]),
        (value) => {
          image = Number(value);
          draw();
        },
      ),
    ),
    box,
  );
}

function exciting({ exciting: list, excitingSheet: sheet }: LooksReport): HTMLElement {
  const layers = [...new Set(list.map(({ layer }) => layer))];
  const box = h('div');
  const draw = (name: string): void =>
    fill(
      box,
      list
        .filter(({ layer }) => layer === name)
        .map(({ channel, best }) =>
          h(
            'div',
            { class: 'exciting' },
            h('h3', {}, `Channel ${channel}`),
            best.length === 0 ? h('p', {}, 'No image excites it.') : null,
            h(
              'div',
              { class: 'pictures' },
              best.map(([place, activation]) =>
                h(
                  'figure',
                  { class: 'filter' },
                  sheet === undefined ? null : picture(sheet, place, 64, `activation ${shown(activation)}`),
                  h('figcaption', {}, shown(activation)),
                ),
              ),
            ),
          ),
        ),
    );
  box.className = 'grid two';
  draw(layers.at(-1) ?? '');
  return h(
    'div',
    {},
    choice(
      'Layer',
      layers.toReversed().map((name) => [name, name]),
      draw,
    ),
    box,
  );
}
