// Writes docs/options.md from the definitions of the built code: npm run options.
import { writeFileSync } from 'node:fs';
import { optionTables } from '../dist/src/config/option-tables.js';

writeFileSync(new URL('../docs/options.md', import.meta.url), optionTables());
