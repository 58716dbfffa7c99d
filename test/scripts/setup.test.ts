import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../scripts/native.mjs');

interface Finished {
  readonly code: number | null;
  readonly said: string;
  readonly printed: string;
}

/** Runs the set-up with a PATH that has node and the given programs (shell scripts) only. */
function setUp(
  t: ExecutionContext,
  args: readonly string[],
  programs: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Finished {
  const bin = mkdtempSync(path.join(os.tmpdir(), 'convoy-bin-'));
  t.teardown(() => rmSync(bin, { recursive: true }));
  symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  const result = spawnSync(process.execPath, [script, ...args], { env: { PATH: bin, ...env }, encoding: 'utf8' });
  return { code: result.status, said: result.stderr, printed: result.stdout };
}

/** A tfjs-node without an addon, in a folder like node_modules, whose installer's host is a port nobody listens at. */
function packageWithoutAddon(t: ExecutionContext): string {
  const scope = mkdtempSync(path.join(os.tmpdir(), 'convoy-setup-'));
  t.teardown(() => rmSync(scope, { recursive: true }));
  const folder = path.join(scope, 'tfjs-node');
  mkdirSync(folder);
  const binary = {
    module_name: 'tfjs_binding',
    module_path: './lib/napi-v{napi_build_version}',
    host: 'http://127.0.0.1:1/',
    napi_versions: [3, 8],
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', binary }));
  return folder;
}

/** Nothing but the package is left beside it and in it. */
function assertUntouched(t: ExecutionContext, folder: string): void {
  t.deepEqual(readdirSync(path.dirname(folder)), ['tfjs-node']);
  t.deepEqual(readdirSync(folder), ['package.json']);
}

test('Without tools and network one message lists every way, why it failed, and what to install', (t) => {
  const folder = packageWithoutAddon(t);
  const { code, said, printed } = setUp(t, ['--package', folder]);
  t.is(code, 1);
  t.is(printed, '');
  t.regex(said, /installed addon: .*napi-v8.tfjs_binding\.node is not there/);
  t.regex(said, /CONVOY_LIBTENSORFLOW: it is not set/);
  t.regex(said, /tfjs-node installer: 127\.0\.0\.1 cannot be reached: ECONNREFUSED/);
  t.regex(said, /pip: it needs .*make, python3, pip, not found on PATH/);
  t.regex(said, /Install .*python3/);
  assertUntouched(t, folder);
});

const tools = { 'g++': 'exit 1', make: 'exit 1', python3: 'exit 0' };

test('What pip says is passed on, and --from pip asks it first', (t) => {
  const folder = packageWithoutAddon(t);
  const python3 = `case "$*" in
    *--version*) exit 0 ;;
    *) echo "ERROR: Could not find a version that satisfies the requirement" >&2; exit 1 ;;
  esac`;
  const { code, said } = setUp(t, ['--package', folder, '--from', 'pip'], { ...tools, python3 });
  t.is(code, 1);
  t.regex(said, /pip: ERROR: Could not find a version that satisfies the requirement \(exit code 1\)/);
  t.true(said.indexOf('  pip:') < said.indexOf('  installed addon:'));
  assertUntouched(t, folder);
});

test('A wheel that is not one is refused by name and nothing of it stays', (t) => {
  const folder = packageWithoutAddon(t);
  const python3 = `for at; do [ "$last" = --dest ] && echo none > "$at/tensorflow.whl"; last=$at; done`;
  const { code, said } = setUp(t, ['--package', folder, '--from', 'pip'], { ...tools, python3 });
  t.is(code, 1);
  t.regex(said, /pip: .*tensorflow\.whl: expected a zip file but found no end record/);
  assertUntouched(t, folder);
});

test('A directory in CONVOY_LIBTENSORFLOW that has no libtensorflow is refused by name', (t) => {
  const folder = packageWithoutAddon(t);
  const { code, said } = setUp(t, ['--package', folder], {}, { CONVOY_LIBTENSORFLOW: path.dirname(folder) });
  t.is(code, 1);
  t.true(said.includes(`CONVOY_LIBTENSORFLOW: ${path.dirname(folder)}: expected include/tensorflow/c/c_api.h`));
  assertUntouched(t, folder);
});

test('The lock of a process that was killed is taken over', (t) => {
  const folder = packageWithoutAddon(t);
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  mkdirSync(`${folder}-convoy-lock`);
  writeFileSync(path.join(`${folder}-convoy-lock`, 'owner'), `${os.hostname()} ${ended}`);
  const { code, said } = setUp(t, ['--package', folder]);
  t.is(code, 1);
  t.notRegex(said, /waiting/);
  assertUntouched(t, folder);
});

test('Wrong options are told with the help, and --help prints it', (t) => {
  const wrong = setUp(t, ['--from', 'nowhere']);
  t.is(wrong.code, 2);
  t.regex(wrong.said, /Expected auto, pip or installer for --from but received "nowhere"/);
  t.is(setUp(t, ['--no-such-option']).code, 2);
  const help = setUp(t, ['--help']);
  t.is(help.code, 0);
  t.regex(help.printed, /CONVOY_LIBTENSORFLOW/);
});

test('Where TensorFlow was made ready before, one line says so and no tool is needed', (t) => {
  const { code, said, printed } = setUp(t, []);
  t.is(said, '');
  t.is(code, 0);
  t.regex(printed, /^TensorFlow \d+\.\d+\.\d+\S* is ready \(.+\)\.\n$/);
  t.is(setUp(t, [], {}, { npm_config_loglevel: 'silent' }).printed, '');
});
