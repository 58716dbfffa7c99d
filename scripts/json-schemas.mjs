// Writes schemas/ from the definitions of the built code: npm run schemas.
import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemas } from '../dist/src/cli/records/index.js';

const folder = new URL('../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas()))
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(schema, undefined, 2)}\n`);
