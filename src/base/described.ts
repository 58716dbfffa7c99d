import type { Options } from './options.js';

/** What is defined by name, as help texts and docs tables show it. */
export interface Described {
  /** On the command line and in recipes. */
  readonly name: string;
  readonly title: string;
  /** The paper, or the implementation that it agrees with. */
  readonly source: string;
  readonly options: readonly DescribedOption[];
}

/** An option as help texts and docs tables show it. */
export interface DescribedOption {
  readonly name: string;
  readonly description: string;
  readonly default: unknown;
  readonly required: boolean;
}

/** Options for help texts and docs tables. */
export function describeOptions(options: Options): DescribedOption[] {
  return Object.entries(options).map(([name, { default: value, required, description }]) => {
    return { name, description, default: value, required };
  });
}

/** A Markdown table of definitions. */
export function markdownTable(definitions: readonly Described[]): string {
  const rows = definitions.map(({ name, title, source, options }) => {
    const listed = options.map((one) => `\`${one.name}\` ${defaultText(one)}: ${one.description}`);
    return `| \`${name}\` | ${title} | ${listed.join('<br>')} | ${source} |`;
  });
  return ['| name | what it is | options | source |', '|---|---|---|---|', ...rows].join('\n');
}

function defaultText({ default: value, required }: DescribedOption): string {
  if (required) return '(required)';
  if (value === undefined) return '(none)';
  if (typeof value !== 'object' || Array.isArray(value)) return `(${JSON.stringify(value)})`;
  return `(${Object.entries(value as object)
    .map(([key, item]) => `${key} ${JSON.stringify(item)}`)
    .join(', ')})`;
}
