import { RunFolder } from './folder.js';

/** `runs/NAME-N` with the first N that is free: where a run or a report goes unless it is told. */
export function freeRunFolder(name: string): Promise<string> {
  return RunFolder.nextFree('runs', name);
}
