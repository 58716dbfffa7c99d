import type { WrittenExport } from './define.js';

/** What a model card says. */
export interface CardContent {
  readonly format: string;
  /** The network's name with its options. */
  readonly network: string;
  readonly parameters: number;
  readonly dataset: string;
  /** SHA-256 of the training data. */
  readonly fingerprint: string;
  readonly classes: readonly string[];
  /** As `32x32x3`. */
  readonly image: string;
  /** What the model's input and output are. */
  readonly input: string;
  readonly output: string;
  readonly epochs: number;
  readonly seed: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly weightsSha256: string;
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly written: WrittenExport;
}

/** Most classes that a card lists. */
const listed = 100;

/** A model card in Markdown: what the model is, what it was made from, how well it does, and how to use it. */
export function modelCard(card: CardContent): string {
  const { classes, written } = card;
  const more = classes.length > listed ? `, and ${classes.length - listed} more` : '';
  const row = ([name, value]: readonly [string, string | number]): string => `| ${name} | ${escaped(String(value))} |`;
  const facts: (readonly [string, string | number])[] = [
    ['network', card.network],
    ['parameters', card.parameters],
    ['image', card.image],
    ['input', card.input],
    ['output', card.output],
    ['trained on', card.dataset],
    ['SHA-256 of the training data', card.fingerprint],
    ['epochs', card.epochs],
    ['seed', card.seed],
    ...Object.entries(card.scores),
    ['SHA-256 of the weights', card.weightsSha256],
    [
      'versions',
      Object.entries(card.versions)
        .map((pair) => pair.join(' '))
        .join(', '),
    ],
    ['made by', `\`${card.command}\``],
    ['files', written.files.join(', ')],
  ];
  return `# ${card.network} (${card.format})

| | |
|---|---|
${facts.map(row).join('\n')}

Classes, in the order of the outputs: ${classes.slice(0, listed).map(escaped).join(', ')}${more}.

\`\`\`${written.usage.language}
${written.usage.code}
\`\`\`
`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
