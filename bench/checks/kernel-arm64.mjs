/**
 * `node bench/checks/kernel-arm64.mjs [calls]`: builds the scalar kernels for arm64, where the compiler makes NEON of them, and
 * runs every op on that many random shapes (default 40), and wrong calls, with qemu. Without fused multiply-adds the results
 * must be those of this machine's scalar kernels to the last bit. Needs g++, and of Debian g++-aarch64-linux-gnu and qemu-user.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildDriver, inFolder, need, output } from '../../scripts/native/kernel-driver.mjs';

const [calls = '40'] = process.argv.slice(2);
need('g++', 'aarch64-linux-gnu-g++', 'qemu-aarch64');
const flags = ['-O3', '-ffp-contract=off'];

await inFolder(async (folder) => {
  const build = (compiler) => {
    const own = path.join(folder, compiler);
    mkdirSync(own);
    return buildDriver({ compiler, folder: own, flags, sets: ['scalar'], link: ['-static'] });
  };
  const [here, arm64] = [await build('g++'), await build('aarch64-linux-gnu-g++')];
  const expected = output(here, ['scalar', 'fit', calls]);
  const found = output('qemu-aarch64', [arm64, 'scalar', 'fit', calls]);
  if (found !== expected) throw new Error(`Expected the results of this machine\n${expected}but found\n${found}`);
  const ops = found.trim().split('\n').length;
  console.log(`arm64: ${ops} ops on ${calls} shapes each, the results of this machine to the bit`);
  console.log(`arm64: ${output('qemu-aarch64', [arm64, 'scalar', 'wrong', '2000']).trim()}`);
});
