import { availableParallelism, cpus, totalmem } from 'node:os';
import { basename } from 'node:path';

/** The machine that this process runs on. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
  };
}

/** How this process was started, as one would type it. */
export function commandLine(): string {
  const [, script = '', ...rest] = process.argv;
  const name = /(^|[/\\])(cli[/\\]main\.js|convoy(-train)?)$/.test(script) ? 'convoy' : `node ${basename(script)}`;
  const quoted = rest.map((part) => (/^[\w./:=,@%+-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`));
  return [name, ...quoted].join(' ');
}
