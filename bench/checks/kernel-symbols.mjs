/**
 * `node bench/checks/kernel-symbols.mjs`: compiles the kernels as `npm run native` does and looks at their symbols. Failure: a
 * function that the code of an instruction set offers to the linker in several copies. The linker would keep one of them for
 * all code, perhaps one with instructions that the processor lacks.
 */
import path from 'node:path';
import { compileKernels } from '../../scripts/native/kernel-build.mjs';
import { inFolder, need, output } from '../../scripts/native/kernel-driver.mjs';
import { compiler } from '../../scripts/native/stage.mjs';

need('nm');
await inFolder(async (folder) => {
  const compiled = await compileKernels({ compiler: compiler() ?? 'g++', folder, flags: ['-O3'] });
  if (compiled.reason !== undefined) throw new Error(compiled.reason);
  const objects = compiled.sets.map((set) => path.join(folder, `ops-${set}.o`));
  const symbols = output('nm', ['--demangle', '--defined-only', ...objects]).split('\n');
  const weak = symbols.filter((line) => / [Wu] /.test(line));
  if (weak.length > 0) throw new Error(`Expected no functions with several copies but found\n${weak.join('\n')}`);
  console.log(`${compiled.sets.join(', ')}: ${symbols.length} symbols, no function with several copies`);
});
