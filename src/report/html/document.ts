import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PageData } from '../types.js';
import { linkModules } from './link.js';
import { style } from './style.js';

const pageFolder = new URL('../page/', import.meta.url);

/** Charts, as a script of its own. */
let library: string | undefined;

function charts(): string {
  library ??= readFileSync(createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js'), 'utf8');
  return library;
}

export interface DocumentOptions {
  readonly title: string;
  /** Module of the page, and the function of it that starts it. */
  readonly entry: 'main.js' | 'live-main.js';
  readonly data: unknown;
}

/** What a script element holds must not end it, whatever a class is called. */
function inert(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A script that cannot end its element. */
function closed(script: string): string {
  return script.replaceAll('</script', '<\\/script');
}

function hashOf(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

/**
 * The page as one HTML document: styles, scripts and data are in it, and nothing is loaded from elsewhere. Its policy
 * (Content-Security-Policy) lets no other script run.
 */
export function htmlDocument({ title, entry, data }: DocumentOptions): string {
  const scripts = [charts(), linkModules(new URL(entry, pageFolder))].map(closed);
  const policy = [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</title>`,
    '<link rel="icon" href="data:,">',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<a class="skip" href="#page">Skip to the content</a>',
    '<main id="page"></main>',
    `<script type="application/json" id="data">${inert(JSON.stringify(data))}</script>`,
    ...scripts.map((script) => `<script>${script}</script>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The page of one run or several. */
export function reportPage(data: PageData): string {
  return htmlDocument({ title: data.title, entry: 'main.js', data });
}
