import type { EvaluationReport, RunReport } from '../types.js';
import { confidence, diagonal, reliability } from './calibration.js';
import { axis, chart, legend } from './chart.js';
import { fill, h, percent, roving, section, shown, table } from './dom.js';
import { sampleCard } from './pictures.js';
import { colors } from './theme.js';

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Whether there are scores by class: rebuilt images have none. */
export function hasClasses({ perClass: scores, table: other }: EvaluationReport): boolean {
  return scores.length > 0 || other !== undefined;
}

/** Scores by class: confusion, table, curves, calibration. */
export function classesView(run: RunReport): HTMLElement {
  const { evaluation, classes } = run;
  if (evaluation === undefined || !hasClasses(evaluation))
    return section(
      'Classes',
      evaluation === undefined
        ? 'There are no scores by class: the run has not been evaluated, or its data were not found.'
        : 'The network rebuilds images: its scores are those of the overview.',
    );
  return h(
    'div',
    {},
    evaluation.confusion === undefined
      ? null
      : section(
          'Confusion matrix',
          aboutMatrix(evaluation),
          matrix(evaluation, evaluation.confusion, evaluation.counted?.names ?? classes),
        ),
    h(
      'div',
      { class: 'grid two' },
      evaluation.table === undefined
        ? section(
            'By class',
            'Click the head of a column to sort. AP is the average precision.',
            perClass(evaluation, classes),
          )
        : section('By class', evaluation.table.about, table(evaluation.table, byClass)),
      evaluation.confused.length === 0
        ? null
        : section('Most confused', 'Pairs of classes, the most frequent first.', confusedPairs(evaluation, classes)),
    ),
    thresholds(evaluation, classes),
    evaluation.calibration === undefined
      ? null
      : section(
          'Calibration',
          `Of images that the network is 80% sure of, 80% should be right. The expected calibration error is ${percent(evaluation.calibration.error)}.`,
          h('div', { class: 'grid two' }, reliability(evaluation.calibration), confidence(evaluation.calibration)),
        ),
  );
}

const byClass = { sortable: true, caption: 'Scores by class' } as const;

function aboutMatrix({ counted }: EvaluationReport): string {
  const what = counted?.what ?? 'images';
  const about = `A row is a true class, a column a prediction. A cell shows how many ${what}; its colour is the share of the row.`;
  if (what === 'images')
    return `${about} Choose a cell, with the mouse or with arrow keys and Enter, to see its images.`;
  return what === 'objects'
    ? `${about} Detections with a score of at least 0.3 find the object that they overlap most, from an IoU of 0.5 on. The row "nothing" has detections that find none, the column "nothing" objects that were missed.`
    : about;
}

/** Curves over all thresholds, of tasks that have any. */
function thresholds(evaluation: EvaluationReport, classes: readonly string[]): HTMLElement | null {
  const { curves, multiLabel, table: other } = evaluation;
  if (curves.length === 0) return null;
  if (other !== undefined)
    return section(
      'Thresholds',
      'Recall and precision of detections that overlap their object by an IoU of at least 0.5, over all scores.',
      curve(evaluation, classes, 'precisionRecall'),
    );
  return section(
    'Thresholds',
    multiLabel
      ? 'Each label against its absence, on the probability of the label.'
      : 'Each class against the rest, on the probability of the class.',
    h('div', { class: 'grid two' }, curve(evaluation, classes, 'roc'), curve(evaluation, classes, 'precisionRecall')),
  );
}

function confusedPairs(
  { confused, confusion, counted, perClass: scores }: EvaluationReport,
  classes: readonly string[],
): HTMLElement {
  return table(
    {
      head: ['true class', 'predicted', counted?.what ?? 'images', 'of the class'],
      rows: confused
        .slice(0, classes.length > 50 ? 40 : 10)
        .map(([truth, predicted, count]) => [
          classes[truth] ?? String(truth),
          classes[predicted] ?? String(predicted),
          count,
          percent(count / Math.max(1, scores[truth]?.support ?? sumOf(confusion?.[truth] ?? []))),
        ]),
    },
    { caption: 'Most confused pairs of classes' },
  );
}

function matrix(
  evaluation: EvaluationReport,
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
): HTMLElement {
  const shownImages = h('div', { class: 'gallery', 'aria-live': 'polite' });
  const cells: HTMLElement[] = [];
  const rows = confusion.map((row, truth) => {
    const total = sumOf(row);
    return h(
      'tr',
      {},
      h('th', { scope: 'row', dir: 'auto', title: classes[truth] ?? '' }, classes[truth] ?? truth),
      row.map((count, predicted) => {
        const part = total === 0 ? 0 : count / total;
        const text = `${classes[truth]} predicted as ${classes[predicted]}: ${count} of ${total}`;
        const cell = h(
          'button',
          {
            type: 'button',
            class: part > 0.45 ? 'cell strong' : 'cell',
            title: text,
            'aria-label': text,
            style: { '--share': String(part) },
            onclick: () => show(truth, predicted, count),
          },
          count === 0 ? '' : count,
        );
        cell.style.setProperty('--share', `${Math.round(100 * part)}%`);
        cells.push(cell);
        return h('td', { class: truth === predicted ? 'diagonal' : '' }, cell);
      }),
    );
  });
  roving(cells, confusion.length);
  const show = (truth: number, predicted: number, count: number): void => {
    if (evaluation.counted !== undefined) return;
    const places = evaluation.cells[`${truth},${predicted}`] ?? [];
    const names = `${classes[truth]} predicted as ${classes[predicted]}`;
    fill(
      shownImages,
      h(
        'p',
        { class: 'lead', dir: 'auto' },
        count === 0 ? `No image: ${names}.` : `${names}: ${count} images, ${places.length} shown.`,
      ),
      h(
        'div',
        { class: 'samples' },
        places.flatMap((place) => {
          const sample = evaluation.samples[place];
          return sample === undefined ? [] : [sampleCard(evaluation.sheet, place, sample, classes)];
        }),
      ),
    );
  };
  const [truth = 0, predicted = 0, count = 0] = evaluation.confused[0] ?? [];
  if (count > 0) show(truth, predicted, count);
  return h(
    'div',
    { class: 'matrix' },
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Confusion matrix' },
      h(
        'table',
        { class: confusion.length > 20 ? 'confusion dense' : 'confusion' },
        h('caption', { class: 'hidden' }, 'Confusion matrix: rows are true classes, columns are predictions'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('td', {}),
            classes.map((name) => h('th', { scope: 'col', title: name }, h('span', { dir: 'auto' }, name))),
          ),
        ),
        h('tbody', {}, rows),
      ),
    ),
    shownImages,
  );
}

function perClass({ perClass: scores }: EvaluationReport, classes: readonly string[]): HTMLElement {
  const box = h('div');
  const draw = (part: string): void =>
    fill(
      box,
      table(
        {
          head: ['class', 'precision', 'recall', 'F1', 'images', 'ROC AUC', 'AP'],
          rows: scores.flatMap((score, label) => {
            const name = classes[label] ?? String(label);
            return name.toLowerCase().includes(part.toLowerCase())
              ? [[name, score.precision, score.recall, score.f1, score.support, score.auc, score.averagePrecision]]
              : [];
          }),
        },
        byClass,
      ),
    );
  draw('');
  if (scores.length <= 20) return box;
  const input = h('input', { type: 'search', placeholder: 'name of a class', oninput: () => draw(input.value) });
  return h('div', {}, h('label', { class: 'choice' }, h('span', {}, 'Filter'), input), box);
}

function curve(evaluation: EvaluationReport, classes: readonly string[], key: 'roc' | 'precisionRecall'): HTMLElement {
  const roc = key === 'roc';
  const list = evaluation.curves.map((each) => {
    const score = evaluation.perClass[each.label];
    const other = evaluation.table?.rows[each.label]?.[2];
    const area = (roc ? score?.auc : (score?.averagePrecision ?? Number(other))) ?? Number.NaN;
    return { name: classes[each.label] ?? String(each.label), points: each[key], area };
  });
  return chart({
    title: roc ? 'ROC curves' : 'Precision-recall curves',
    summary: list.map(({ name, area }) => `${name} ${shown(area)}`).join(', '),
    height: 380,
    option: () => ({
      legend: legend(list.map(({ name }) => name)),
      tooltip: {
        trigger: 'item',
        valueFormatter: (value) =>
          Array.isArray(value) ? value.map((each) => shown(Number(each))).join(', ') : shown(Number(value)),
      },
      xAxis: axis(roc ? 'false positive rate' : 'recall', { min: 0, max: 1 }),
      yAxis: axis(roc ? 'true positive rate' : 'precision', { min: 0, max: 1 }, 36),
      series: [
        ...list.map(({ name, points }, index) => ({
          name,
          type: 'line' as const,
          symbol: 'circle',
          symbolSize: 5,
          showSymbol: false,
          color: colors(list.length)[index] ?? '',
          lineStyle: { width: 2 },
          emphasis: { focus: 'series' as const },
          triggerLineEvent: true,
          data: points.map(([x, y]) => [x, y]),
        })),
        ...(roc ? [diagonal('chance')] : []),
      ],
    }),
    table: () => ({
      head: ['class', roc ? 'area under the curve' : 'average precision'],
      rows: list.map(({ name, area }) => [name, area]),
    }),
  });
}
