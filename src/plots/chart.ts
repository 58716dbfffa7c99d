import type { EChartsOption } from 'echarts';
import { BarChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import sharp from 'sharp';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';

use([
  BarChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
  SVGRenderer,
]);

/** Pixels a character of the charts' 12-pixel font takes on average; echarts cannot measure text on a server. */
const characterWidth = 6.8;
const longestLabel = 28;

/** Ink of axes and text, and of lines behind the data. */
export const ink = { text: '#24292f', faint: '#8c959f', grid: '#e5e8eb' } as const;

/** Okabe and Ito 2008: told apart with every kind of colour blindness. Yellow, faint on white, is darkened. */
const basicColors = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#7a5195',
  '#8c6d31',
  '#b8a000',
  '#555555',
];

/** `count` colours that differ as much as they can: the basic ten, or hues around the circle in two lightnesses. */
export function chartColors(count: number): string[] {
  if (count <= basicColors.length) return basicColors.slice(0, count);
  return Array.from(
    { length: count },
    (_, i) => `hsl(${Math.round((360 * i) / count)}, 65%, ${i % 2 === 0 ? 42 : 60}%)`,
  );
}

/** Cuts a label that would not fit beside an axis. */
export function shortLabel(label: string): string {
  const characters = [...label];
  return characters.length > longestLabel ? `${characters.slice(0, longestLabel - 1).join('')}…` : label;
}

/** Pixels that the longest of the labels takes. */
export function labelsWidth(labels: readonly string[]): number {
  return Math.ceil(characterWidth * Math.max(0, ...labels.map((label) => [...shortLabel(label)].length)));
}

/** A number for a label: three digits that matter, thousands apart. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 8) });
}

/** An axis with its name in the middle, `gap` pixels away. */
export function namedAxis(
  name: string,
  gap: number,
): {
  name: string;
  nameLocation: 'middle';
  nameGap: number;
  nameTextStyle: { color: string; fontSize: number };
  axisLine: { show: true; onZero: false; lineStyle: { color: string } };
  axisLabel: { color: string };
  splitLine: { lineStyle: { color: string } };
} {
  return {
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: ink.text, fontSize: 13 },
    axisLine: { show: true, onZero: false, lineStyle: { color: ink.faint } },
    axisLabel: { color: ink.text },
    splitLine: { lineStyle: { color: ink.grid } },
  };
}

/** An entry of a legend: a series' name, or one with a look of its own. */
type LegendEntry = string | { name: string; lineStyle: { color: string }; itemStyle: { color: string } };

/** The legend under the title. */
export function topLegend(entries: readonly LegendEntry[]): NonNullable<EChartsOption['legend']> {
  return { data: [...entries], top: 38, left: 'center', itemGap: 16, textStyle: { color: ink.text } };
}

/** Without characters that XML does not allow (XML 1.0, 2.2), and controls: names of classes and files may have any. */
export function wellFormed(svg: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return svg.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Cs}/gu, '\ufffd');
}

/** A text as XML has it. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A finished chart. Its background is white and opaque, so that it reads on light and dark pages alike. */
export class Chart {
  /** The chart as an SVG document. */
  readonly svg: string;

  constructor(title: string, size: { readonly width: number; readonly height: number }, option: EChartsOption) {
    const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: 'Arial, DejaVu Sans, sans-serif', color: ink.text },
      title: { text: title, left: 'center', top: 10, textStyle: { fontSize: 16, fontWeight: 'bold', color: ink.text } },
      ...option,
    });
    this.svg = wellFormed(chart.renderToSVGString());
    chart.dispose();
  }

  /** The chart as a PNG of `scale` times its size in pixels. */
  async png(scale = 2): Promise<Buffer> {
    // librsvg draws at 72 dots an inch unless told otherwise.
    return sharp(Buffer.from(this.svg), { density: 72 * scale })
      .png()
      .toBuffer();
  }

  /**
   * Writes the chart, whole or not at all, as what the path's ending says.
   *
   * @throws ConvoyError `CONVOY_OPTION` for an ending other than `.svg` and `.png`, `CONVOY_DISK`.
   */
  async write(path: string): Promise<void> {
    if (path.endsWith('.svg')) return writeFileAtomic(path, [this.svg]);
    if (path.endsWith('.png')) return writeFileAtomic(path, [await this.png()]);
    throw valueError('the chart', 'a path that ends in .svg or .png', path);
  }
}
