/**
 * `node bench/checks/kernel-sanitizers.mjs [calls [sets]]`: builds the kernels (default: scalar,avx2) with the address and
 * undefined-behaviour sanitizers into a program of their own and runs every op on that many random shapes (default 60), and
 * ten thousand calls that mostly do not fit. Needs g++ or clang++. Failure: whatever a sanitizer finds, a call that fits
 * and is refused, an output whose shape is not the inferred one, an error that does not name its op.
 */
import { buildDriver, inFolder, output } from '../../scripts/native/kernel-driver.mjs';
import { compiler } from '../../scripts/native/stage.mjs';

const [calls = '60', sets = 'scalar,avx2'] = process.argv.slice(2);
const wrongCalls = '10000';
const flags = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
// Of memory that is not there the kernels must tell, not the sanitizer.
const env = { ASAN_OPTIONS: 'allocator_may_return_null=1:detect_stack_use_after_return=1' };

await inFolder(async (folder) => {
  const chosen = compiler();
  if (chosen === undefined) throw new Error('Expected g++ or clang++ on PATH but found neither');
  const driver = await buildDriver({ compiler: chosen, folder, flags, sets: sets.split(',') });
  for (const set of sets.split(',')) {
    const ops = output(driver, [set, 'fit', calls], env).trim().split('\n').length;
    const wrong = output(driver, [set, 'wrong', wrongCalls], env).trim();
    console.log(`${set}: ${ops} ops on ${calls} shapes each; ${wrong}`);
  }
});
