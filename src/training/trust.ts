import { ConvoyError } from '../base/errors.js';
import type { RunConfig } from '../config/index.js';

/**
 * Sees that no code is run which a folder names, perhaps one from elsewhere, unless somebody asks for it.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export function needTrust({ loss }: Pick<RunConfig, 'loss'>, run: string, trustCode: boolean): void {
  if (loss.name !== 'module' || trustCode) return;
  const text = `${run}/config.json names code to run, ${String(loss['path'])}: --trust-code (in code, trustCode: true) runs it; do so only for a run whose author you trust`;
  throw new ConvoyError('CONVOY_OPTION', text, { file: `${run}/config.json`, place: 'loss.path' });
}
