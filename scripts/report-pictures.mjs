// Writes the pictures of docs/report.md, of a report's page: node scripts/report-pictures.mjs RUN/report.html docs/images
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const [page = '', folder = ''] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CONVOY_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
for (const [part, scheme, height] of [
  ['overview', 'light', 1000],
  ['classes', 'light', 860],
  ['attention', 'dark', 960],
  ['explainer', 'light', 1000],
]) {
  const tab = await browser.newPage({ viewport: { width: 1280, height }, colorScheme: scheme });
  await tab.goto(`${pathToFileURL(page).href}#${part}`);
  await tab.waitForFunction(() =>
    [...document.querySelectorAll('.panel:not([hidden]) .plot')].every((plot) => plot.childElementCount > 0),
  );
  const picture = await tab.screenshot();
  await sharp(picture)
    .png({ palette: true, effort: 10 })
    .toFile(join(folder, `report-${part}.png`));
  await tab.close();
}
await browser.close();
