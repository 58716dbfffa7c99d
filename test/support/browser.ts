import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's file; undefined where there is none: `.ci/run` installs it. */
export const browserFile = process.env['CONVOY_CHROMIUM'] ?? places.find((file) => existsSync(file));

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserFile ?? '', args: ['--no-sandbox'] });
}

/** A page that remembers what went wrong in it. */
export async function openPage(
  browser: Browser,
  url: string,
  options: { readonly width?: number; readonly dark?: boolean } = {},
): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const { width = 1280, dark = false } = options;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  await page.waitForSelector('h1');
  return { page, faults };
}

let axe: string | undefined;

/** What axe-core finds serious in the page as it is, by rule and place. */
export async function seriousFaults(page: Page): Promise<string[]> {
  axe ??= readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // The page's policy lets no script of other pages in; the developer tools' own evaluation is not subject to it.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations, passes } = await (
      globalThis as unknown as {
        axe: {
          run(): Promise<{
            passes: unknown[];
            violations: { id: string; impact: string; nodes: { html: string }[] }[];
          }>;
        };
      }
    ).axe.run();
    if (passes.length < 10) throw new Error(`axe looked at ${passes.length} rules only`);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
}

/** Titles of the charts in view without a mark: a line, bar, point or area. */
export function chartsWithoutMarks(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.chart')]
      .filter((figure) => figure.offsetParent !== null)
      .filter((figure) => {
        const marks = [...figure.querySelectorAll('svg path')].filter((path) => {
          const fill = path.getAttribute('fill') ?? 'none';
          const stroke = path.getAttribute('stroke') ?? 'none';
          return fill.startsWith('#') || stroke.startsWith('#') || fill.startsWith('rgb') || stroke.startsWith('rgb');
        });
        return marks.length < 5; // axes alone have fewer
      })
      .map((figure) => figure.querySelector('h3')?.textContent ?? ''),
  );
}
