/** Tables of labels as text: comma or tab or semicolon separated, or JSON lines. */
import { fileError } from '../../base/errors.js';
import type { Columns } from '../options.js';

/** One row: the image, its labels, and its split where the table says it. */
export interface LabelRow {
  /** From 1. */
  readonly line: number;
  readonly path: string;
  /** Names of classes; none is an image that shows none of them. */
  readonly labels: readonly string[];
  readonly split: string | undefined;
}

/** A table, read. */
export interface LabelTable {
  readonly rows: readonly LabelRow[];
  /** Whether an image may have any number of labels. */
  readonly several: boolean;
  /** Classes in the order of their columns, where each has a column of 0 and 1. */
  readonly classes?: readonly string[];
}

/** Names of columns, in lower case, without spaces, dashes and underscores. */
const columnNames = {
  path: ['path', 'filepath', 'imagepath', 'file', 'filename', 'image', 'imagefile', 'img', 'imageid', 'name', 'id'],
  label: ['label', 'labels', 'class', 'classes', 'classname', 'target', 'targets', 'category', 'tag', 'tags', 'y'],
  split: ['split', 'set', 'subset', 'partition', 'fold'],
} as const;
type Column = keyof typeof columnNames;
const columns = Object.keys(columnNames) as Column[];

/** Between several labels in one cell. */
const labelSeparator = /\s*\|\s*/;

/** What a column holds, where it is the one of that name, or has a usual name and no other is named. */
function columnOf(title: string, named: Columns): Column | undefined {
  const given: Readonly<Record<Column, string | undefined>> = {
    path: named.image,
    label: named.label,
    split: named.split,
  };
  const own = columns.find((column) => given[column] === title);
  if (own !== undefined) return own;
  const plain = title.toLowerCase().replaceAll(/[\s_-]/g, '');
  return columns.find(
    (column) => given[column] === undefined && (columnNames[column] as readonly string[]).includes(plain),
  );
}

/**
 * Reads a table of labels.
 *
 * @param named columns (or keys of JSON lines) with names of their own.
 * @throws ConvoyError `CONVOY_DATA` with file, line and expectation.
 */
export function readLabelTable(file: string, text: string, named: Columns = {}): LabelTable {
  const plain = text.replace(/^\uFEFF/, '');
  if (/\.(jsonl|ndjson)$/i.test(file)) return jsonLines(file, plain, named);
  return cells(file, parseCells(file, plain), named);
}

/** Rows of cells with the numbers of their lines (RFC 4180; the separator is the commonest of the first line). */
function parseCells(file: string, text: string): { readonly line: number; readonly cells: string[] }[] {
  const [head = ''] = text.split(/\r?\n/, 1);
  const separators = ['\t', ';', ','];
  const counts = separators.map((separator) => head.split(separator).length);
  const separator = separators[counts.indexOf(Math.max(...counts))] as string;
  const rows: { line: number; cells: string[] }[] = [];
  let [row, cell, quoted, wasQuoted, line, start]: [string[], string, boolean, boolean, number, number] = [
    [],
    '',
    false,
    false,
    1,
    1,
  ];
  const endCell = (): void => {
    row.push(wasQuoted ? cell : cell.trim());
    [cell, wasQuoted] = ['', false];
  };
  const endRow = (): void => {
    endCell();
    if (row.some((value) => value !== '')) rows.push({ line: start, cells: row });
    row = [];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\n') line++;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '') [quoted, wasQuoted, cell] = [true, true, ''];
    else if (character === separator) endCell();
    else if (character === '\n') {
      endRow();
      start = line;
    } else if (character !== '\r') cell += character;
  }
  if (quoted) throw fileError('CONVOY_DATA', file, `line ${start}`, 'the end of a quoted text', 'the end of the file');
  endRow();
  return rows;
}

/** Refuses a table without a column that is named. */
function checkNamed(file: string, line: number, titles: readonly string[], { image, label, split }: Columns): void {
  for (const name of [image, label, split]) {
    if (name === undefined || titles.includes(name)) continue;
    throw fileError('CONVOY_DATA', file, `line ${line}`, `a column ${name}`, titles.slice(0, 20).join(', '));
  }
}

function cells(file: string, rows: ReturnType<typeof parseCells>, named: Columns): LabelTable {
  const [first] = rows;
  if (first === undefined) throw fileError('CONVOY_DATA', file, '', 'rows of an image and its label', 'none');
  checkNamed(file, first.line, first.cells, named);
  const titles = first.cells.map((title) => columnOf(title, named));
  const titled = titles.includes('path') || Object.values(named).some((name) => name !== undefined);
  if (titled && !titles.includes('path')) {
    const expected = `a column of images, called as ${columnNames.path.slice(0, 4).join(', ')}, or named as image`;
    throw fileError('CONVOY_DATA', file, `line ${first.line}`, expected, first.cells.slice(0, 20).join(', '));
  }
  const path = titled ? titles.indexOf('path') : 0;
  const split = titled ? titles.indexOf('split') : -1;
  const label = titled ? titles.indexOf('label') : 1;
  const body = titled ? rows.slice(1) : rows;
  const width = first.cells.length;
  for (const { line, cells: row } of body) {
    if (row.length !== width)
      throw fileError('CONVOY_DATA', file, `line ${line}`, `${width} columns`, String(row.length));
  }
  const splitIn = (row: readonly string[]): string | undefined => (split < 0 ? undefined : row[split]);
  const columns = [...first.cells.keys()].filter((column) => column !== path && column !== split);
  if (columns.length === 0) throw fileError('CONVOY_DATA', file, `line ${first.line}`, 'a column of labels', 'none');
  const isOneHot =
    titled &&
    columns.length > 1 &&
    body.every(({ cells: row }) => columns.every((at) => /^[01](\.0)?$/.test(row[at] ?? '')));
  if (isOneHot) {
    const classes = columns.map((column) => first.cells[column] as string);
    const rowsOf = body.map(({ line, cells: row }) => ({
      line,
      path: row[path] as string,
      labels: columns.filter((column) => Number(row[column]) === 1).map((column) => first.cells[column] as string),
      split: splitIn(row),
    }));
    return { rows: rowsOf, several: true, classes };
  }
  const column = label < 0 ? (columns[0] as number) : label;
  if (label < 0 && columns.length > 1) {
    const expected = `one column of labels, called as ${columnNames.label.slice(0, 4).join(', ')}, or a column of 0 and 1 for each class`;
    throw fileError('CONVOY_DATA', file, `line ${first.line}`, expected, first.cells.join(', '));
  }
  const read = body.map(({ line, cells: row }) => {
    const labels = (row[column] as string).split(labelSeparator).filter((name) => name !== '');
    return { line, path: row[path] as string, labels, split: splitIn(row) };
  });
  return { rows: read, several: read.some(({ labels }) => labels.length > 1) };
}

function jsonLines(file: string, text: string, named: Columns): LabelTable {
  let several = false;
  const rows = text.split('\n').flatMap((source, index): LabelRow[] => {
    if (source.trim() === '') return [];
    const line = index + 1;
    const wrong = (expected: string, found: string, cause?: unknown): Error =>
      fileError('CONVOY_DATA', file, `line ${line}`, expected, found, cause);
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch (error) {
      throw wrong('an object in JSON', (error as Error).message, error);
    }
    if (typeof value !== 'object' || value === null) throw wrong('an object in JSON', source.slice(0, 80));
    const found = new Map(
      Object.entries(value).flatMap(([title, item]) => {
        const column = columnOf(title, named);
        return column === undefined ? [] : [[column, item] as const];
      }),
    );
    checkNamed(file, line, Object.keys(value), { image: named.image, label: named.label });
    const path = found.get('path');
    if (typeof path !== 'string')
      throw wrong(`a text called ${columnNames.path.slice(0, 4).join(', ')}`, source.slice(0, 80));
    const label = found.get('label');
    if (Array.isArray(label)) several = true;
    const labels = (Array.isArray(label) ? label : [label]) as unknown[];
    if (!labels.every((name) => typeof name === 'string' || typeof name === 'number'))
      throw wrong('a label, or a list of labels', JSON.stringify(label) ?? 'none');
    const split = found.get('split');
    return [{ line, path, labels: labels.map(String), split: typeof split === 'string' ? split : undefined }];
  });
  if (rows.length === 0) throw fileError('CONVOY_DATA', file, '', 'lines of an image and its label', 'none');
  return { rows, several };
}
