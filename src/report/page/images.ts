import type { EvaluationReport, RunReport, SampleReport } from '../types.js';
import { h, section } from './dom.js';
import { picture, sampleCard } from './pictures.js';

/** Images that teach: mistakes, doubts, and what training saw. */
export function imagesView({ evaluation, looks, classes }: RunReport): HTMLElement {
  const augmented = looks?.augmented;
  if (evaluation === undefined && augmented === undefined)
    return section('Images', 'There are no images: the run has not been evaluated, or its data were not found.');
  return h(
    'div',
    {},
    evaluation === undefined ? null : judged(evaluation, classes),
    augmented === undefined || augmented.labels.length === 0
      ? null
      : section(
          'What training saw',
          augmented.transforms === ''
            ? 'Training images. This run does not augment them.'
            : `Training images, then as ${augmented.transforms} makes them in one epoch after the other.`,
          augmentedTable(augmented),
        ),
  );
}

/** Mistakes and doubts. */
function judged(evaluation: EvaluationReport, classes: readonly string[]): HTMLElement {
  if (evaluation.gallery !== undefined) {
    const { title, about, captions } = evaluation.gallery;
    const shownAbout = captions.length === 0 ? 'Every image is right.' : about;
    const figures = captions.map((caption, place) =>
      h(
        'figure',
        { class: 'sample wide' },
        picture(evaluation.sheet, place, 256, `image ${place + 1}: ${caption}`),
        h('figcaption', {}, caption),
      ),
    );
    return section(title, shownAbout, h('div', { class: 'samples' }, figures));
  }
  const gallery = (places: readonly number[]): HTMLElement =>
    h(
      'div',
      { class: 'samples' },
      places.map((place) =>
        sampleCard(evaluation.sheet, place, evaluation.samples[place] as SampleReport, classes, evaluation.multiLabel),
      ),
    );
  return h(
    'div',
    {},
    section(
      'Most confident mistakes',
      evaluation.mistakes.length === 0
        ? 'Every image is right.'
        : 'The true class stands above, the prediction below. Wrong labels and odd images are found here first.',
      gallery(evaluation.mistakes),
    ),
    section(
      'Least sure successes',
      evaluation.doubtful.length === 0 ? 'No image is right.' : 'Right, but only just: what is hard for the network.',
      gallery(evaluation.doubtful),
    ),
  );
}

function augmentedTable({ sheet, labels }: NonNullable<NonNullable<RunReport['looks']>['augmented']>): HTMLElement {
  const each = sheet.count / labels.length;
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Augmented images' },
    h(
      'table',
      { class: 'pictures' },
      h('caption', { class: 'hidden' }, 'Training images and their augmented versions'),
      h(
        'tbody',
        {},
        labels.map((label, row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row', dir: 'auto' }, label),
            Array.from({ length: each }, (_, column) =>
              h(
                'td',
                {},
                picture(
                  sheet,
                  row * each + column,
                  72,
                  column === 0 ? `${label}, as it is` : `${label}, epoch ${column}`,
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
