import { readFileSync } from 'node:fs';
import { ConvoyError, valueError } from '../../api/errors.js';

/** A machine, and how many ranks it gets. */
export interface Host {
  readonly name: string;
  readonly ranks: number;
}

const nameForm = /^[\w][\w.-]*$/;

function host(name: string, ranks: string, text: string, where: string): Host {
  const count = Number(ranks);
  if (!nameForm.test(name) || !Number.isInteger(count) || count < 1)
    throw valueError(where, 'names of machines, each with a number of ranks if it gets more than one, as a:2,b', text);
  return { name, ranks: count };
}

/** A machine that is named again gets more ranks. */
function joined(hosts: readonly Host[]): Host[] {
  const names = [...new Set(hosts.map(({ name }) => name))];
  return names.map((name) => ({
    name,
    ranks: hosts.filter((other) => other.name === name).reduce((sum, { ranks }) => sum + ranks, 0),
  }));
}

/** `a:2,b`: two ranks on a, one on b. */
export function parseHosts(text: string, where = '--hosts'): Host[] {
  return joined(
    text.split(',').map((part) => {
      const [name = '', ranks = '1', ...more] = part.trim().split(':');
      return host(more.length > 0 ? '' : name, ranks, text, where);
    }),
  );
}

/**
 * A file of Open MPI with a machine a line, as `b slots=2`; a machine without slots gets one rank.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a file that cannot be read or another form.
 */
export function readHostfile(file: string): Host[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw valueError('--hostfile', `a file that can be read (${(error as Error).message})`, file);
  }
  const hosts = text.split('\n').flatMap((line, index) => {
    const [name, ...settings] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (name === undefined || name === '') return [];
    const slots = settings.find((setting) => setting.startsWith('slots='))?.slice('slots='.length) ?? '1';
    return [host(name, slots, line.trim(), `${file}: line ${index + 1}`)];
  });
  if (hosts.length > 0) return joined(hosts);
  throw new ConvoyError('CONVOY_OPTION', `${file}: expected a machine a line but found none`, { file });
}
