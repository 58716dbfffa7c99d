#!/usr/bin/env node
/**
 * Checks the format of C++ files with clang-format, as `.clang-format` has it; with `--write`, formats them. Where it is not
 * installed a line says that the check is skipped.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folders = ['src/cluster/addon', 'src/native/kernels', 'test/native/driver'];
const files = folders.flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => path.join(folder, name)),
);
const options = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
const { error, status } = spawnSync('clang-format', [...options, ...files], { cwd: root, stdio: 'inherit' });
if (error?.code === 'ENOENT')
  console.error(
    'clang-format is not installed: the format of C++ files is not checked (Debian: apt-get install clang-format)',
  );
else if (error !== undefined) throw error;
else process.exitCode = status ?? 1;
