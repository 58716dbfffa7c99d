import type { LooksReport, ProjectionReport, RunReport } from '../types.js';
import { axis, chart, legend } from './chart.js';
import { h, section } from './dom.js';
import { picture } from './pictures.js';
import { colors, ink } from './theme.js';

const texts = {
  pca: ['PCA', 'The two directions in which the features vary most.'],
  tsne: ['t-SNE', 'Neighbours stay neighbours. Distances between groups and sizes of groups say little.'],
} as const;

/** The features before the classifier in two dimensions. */
export function spaceView({ looks, classes }: RunReport): HTMLElement {
  if (looks === undefined || looks.projections.length === 0)
    return section('Feature space', 'There is no projection: it needs the data of the run, with one class an image.');
  return section(
    'Feature space',
    `What the classifier is given for ${looks.projectedLabels.length} test images, in two dimensions. Point at a dot to see its image. Classes that lie apart are easily told apart.`,
    h(
      'div',
      { class: 'grid two' },
      looks.projections.map((each) => scatter(looks, each, classes)),
    ),
  );
}

function scatter(
  looks: LooksReport,
  { method, points, axes }: ProjectionReport,
  classes: readonly string[],
): HTMLElement {
  const labels = looks.projectedLabels;
  const present = [...new Set(labels)].sort((a, b) => a - b);
  const [title, text] = texts[method];
  const symbols = ['circle', 'rect', 'triangle', 'diamond'] as const;
  return h(
    'div',
    {},
    h('p', { class: 'lead' }, text),
    chart({
      title,
      summary: `${text} ${points.length} images of ${present.length} classes.`,
      height: 460,
      option: () => {
        const palette = colors(classes.length);
        return {
          legend: legend(present.map((label) => classes[label] ?? String(label))),
          tooltip: {
            trigger: 'item',
            formatter: (about) => {
              const { dataIndex = 0, seriesIndex = 0 } = Array.isArray(about) ? (about[0] ?? {}) : about;
              const label = present[seriesIndex] ?? 0;
              const index = labels.flatMap((each, at) => (each === label ? [at] : []))[dataIndex] ?? 0;
              const name = classes[label] ?? String(label);
              return h(
                'div',
                { class: 'tip' },
                looks.projectedSheet === undefined ? null : picture(looks.projectedSheet, index, 80, name),
                h('div', { dir: 'auto' }, name),
              );
            },
          },
          xAxis: axis(axes[0], {
            scale: true,
            axisLabel: { show: axes[0] !== '', color: ink().text },
            axisTick: { show: axes[0] !== '' },
            splitLine: { show: false },
          }),
          yAxis: axis(
            axes[1],
            {
              scale: true,
              axisLabel: { show: axes[1] !== '', color: ink().text },
              axisTick: { show: axes[1] !== '' },
              splitLine: { show: false },
            },
            40,
          ),
          series: present.map((label, index) => ({
            name: classes[label] ?? String(label),
            type: 'scatter' as const,
            color: palette[label] ?? '',
            symbol: symbols[Math.floor(index / 5) % symbols.length] ?? 'circle',
            symbolSize: 8,
            itemStyle: { opacity: 0.8 },
            emphasis: { focus: 'series' as const },
            data: points.flatMap(([x, y], at) => (labels[at] === label ? [[x, y]] : [])),
          })),
        };
      },
      table: () => ({
        head: ['class', 'images', `mean ${axes[0] || 'x'}`, `mean ${axes[1] || 'y'}`],
        rows: present.map((label) => {
          const own = points.filter((_, at) => labels[at] === label);
          const mean = (k: 0 | 1): number => own.reduce((sum, point) => sum + point[k], 0) / Math.max(1, own.length);
          return [classes[label] ?? String(label), own.length, mean(0), mean(1)];
        }),
      }),
    }),
  );
}
