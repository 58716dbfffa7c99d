import { combinationError, valueError } from '../../api/errors.js';
import { launchedRank } from '../../api/process.js';
import { option } from '../options.js';
import { integer, positive } from '../parsers.js';
import type { Terminal } from '../terminal.js';
import { type Host, parseHosts, readHostfile } from './hosts.js';
import { type Restarts, ranksArguments, resumedArguments, trainOn } from './train-on.js';

/** Where ranks run. */
export const hostsOptions = [
  option('--hosts <list>', 'on several machines through Open MPI: a:2,b is two ranks on a, one on b', {
    alsoCalled: ['--nodes', '--machines'],
  }),
  option('--hostfile <file>', 'the same from a file of Open MPI: a machine a line, as b slots=2', {
    alsoCalled: ['--machinefile'],
  }),
] as const;

/** And what `convoy train` does when one is lost. */
export const clusterOptions = [
  ...hostsOptions,
  option('--restarts <n>', 'with --hosts: begin again from the last checkpoint so often after a machine was lost', {
    parse: integer(0),
    alsoCalled: ['--max-restarts'],
  }),
  option('--min-hosts <n>', 'with --restarts: go on with so many machines at least (default: all)', {
    parse: integer(),
    alsoCalled: ['--min-nodes'],
  }),
  option('--cluster-timeout <seconds>', 'give a machine up that has been silent for so long (default: 60)', {
    parse: positive,
  }),
] as const;

interface ClusterFlags {
  readonly hosts?: string | undefined;
  readonly hostfile?: string | undefined;
  readonly restarts?: number | undefined;
  readonly minHosts?: number | undefined;
}

/** Machines to train on, and what happens when one is lost. */
export interface Machines extends Restarts {
  readonly hosts: readonly Host[];
}

/**
 * The machines that flags name; undefined where they name none.
 *
 * @throws ConvoyError `CONVOY_OPTION` for flags that do not go together.
 */
export function machinesOf({ hosts: list, hostfile, restarts, minHosts }: ClusterFlags): Machines | undefined {
  if (list === undefined && hostfile === undefined) {
    if (restarts !== undefined) throw combinationError('--restarts', 'needs', '--hosts or --hostfile');
    if (minHosts !== undefined) throw combinationError('--min-hosts', 'needs', '--hosts or --hostfile');
    return undefined;
  }
  if (list !== undefined && hostfile !== undefined) throw combinationError('--hosts', 'excludes', '--hostfile');
  if (launchedRank() !== undefined)
    throw combinationError('--hosts', 'excludes', 'mpirun, which has started this process already');
  const hosts = hostfile === undefined ? parseHosts(list ?? '') : readHostfile(hostfile);
  if (minHosts !== undefined && minHosts > hosts.length)
    throw valueError('--min-hosts', `at most ${hosts.length}, the number of machines,`, minHosts);
  return { hosts, restarts: restarts ?? 0, minHosts: minHosts ?? hosts.length };
}

/** Where a run's files go. */
interface Place {
  /** Of a new folder, where none is given. */
  readonly name: string;
  readonly resume: string | undefined;
  readonly out: string | undefined;
}

/** Trains on other machines, with the command line of this process. */
export async function launch(machines: Machines, { name, resume, out }: Place, terminal: Terminal): Promise<void> {
  const given = resume ?? out;
  const numbered = given === undefined ? await (await import('../../index.js')).makeRunFolder(name) : undefined;
  const folder = given ?? numbered?.path ?? '';
  const args = process.argv.slice(2);
  try {
    await trainOn(
      {
        ...machines,
        args: ranksArguments(args, folder, resume),
        resumed: resumedArguments(args, folder),
        folder,
      },
      terminal,
    );
  } finally {
    await numbered?.discardEmpty();
  }
}
