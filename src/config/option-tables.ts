import { type Described, markdownTable } from '../base/described.js';
import { losses } from '../losses/spec/index.js';
import { commonOptimizerOptions, optimizers } from '../optimizers/index.js';
import { commonScheduleOptions, schedules } from '../schedules/index.js';

/** `docs/options.md`: optimizers, losses and schedules with their options, from their definitions. */
export function optionTables(): string {
  const common = (name: string, options: Described['options']): Described[] => [
    { name, title: 'these options are common to all', source: '', options },
  ];
  return `# Optimizers, losses, schedules

Written by \`npm run options\` from the definitions in \`src/optimizers/named\`, \`src/losses/named\` and
\`src/schedules/named\`. On the command line: \`--optimizer NAME:key=value,...\`, and so for \`--loss\` and \`--schedule\`; in
recipes and configurations: \`{ "name": NAME, "key": value }\`. In parentheses: the default; two where PyTorch's and Keras's
differ.

## Optimizers

${markdownTable([...optimizers, ...common('any', commonOptimizerOptions)])}

## Losses

${markdownTable(losses)}

## Schedules

${markdownTable([...schedules, ...common('any', commonScheduleOptions)])}
`;
}
