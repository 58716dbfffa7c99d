import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { zipSync } from 'fflate';

/** The parts of the plain JavaScript under `scripts/native` that are tested here. */
interface Wheel {
  has(name: string): boolean;
  read(name: string): Promise<Buffer>;
  extract(name: string, target: string): Promise<void>;
}
interface WheelModule {
  readonly Wheel: { open(file: string): Promise<Wheel> };
  includedHeaders(wheel: Wheel, prefix: string, roots: readonly string[]): Promise<string[]>;
}
interface Target {
  readonly folder: string;
  readonly addon: string;
}
interface PackageModule {
  readReady(target: Target): { version: string; from: string } | undefined;
  writeStamp(target: Target, found: { version: string; from: string; libraries: readonly string[] }): void;
}
const scripts = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../scripts/native');
const wheels: WheelModule = await import(path.join(scripts, 'wheel.mjs'));
const packages: PackageModule = await import(path.join(scripts, 'package.mjs'));
const pins: { differsFromPinned(wheel: string): Promise<string | undefined> } = await import(
  path.join(scripts, 'pinned.mjs')
);

function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'convoy-wheel-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31) >> 7);

function writeWheel(folder: string): string {
  const file = path.join(folder, 'some.whl');
  const stored = { level: 0 } as const;
  const members = {
    'inc/a.h': text('#include "sub/b.h"\n  # include <c.h>\n#include <vector>\nint a;\n'),
    'inc/sub/b.h': text('#include "near.h"\n#include "a.h"\n'),
    'inc/sub/near.h': text('// nothing\n'),
    'inc/c.h': [text('#include "../outside.h"\n'), stored] as [Uint8Array, typeof stored],
    'inc/unused.h': text('\n'),
    'outside.h': text('\n'),
    'lib/library.so': noise,
    'lib/empty': text(''),
  };
  writeFileSync(file, zipSync(members));
  return file;
}

test('Members come out as they went in, packed, stored and empty', async (t) => {
  const folder = folderFor(t);
  const wheel = await wheels.Wheel.open(writeWheel(folder));
  await wheel.extract('lib/library.so', path.join(folder, 'new/library.so'));
  t.true(readFileSync(path.join(folder, 'new/library.so')).equals(noise));
  t.is((await wheel.read('inc/c.h')).toString(), '#include "../outside.h"\n');
  t.is((await wheel.read('lib/empty')).length, 0);
  t.false(wheel.has('lib/other'));
  await t.throwsAsync(wheel.read('lib/other'), { message: /expected lib\/other in it but found none/ });
});

test('Headers are followed through their includes, from their folder and from the root, never out of it', async (t) => {
  const wheel = await wheels.Wheel.open(writeWheel(folderFor(t)));
  const headers = await wheels.includedHeaders(wheel, 'inc/', ['a.h']);
  t.deepEqual(headers.sort(), ['a.h', 'c.h', 'sub/b.h', 'sub/near.h']);
});

test('A damaged or cut wheel is refused', async (t) => {
  const folder = folderFor(t);
  const file = writeWheel(folder);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length - 40));
  await t.throwsAsync(wheels.Wheel.open(file), { message: /no end record/ });
  const damaged = Buffer.from(whole);
  const at = damaged.indexOf('../outside.h');
  damaged.write('x', at);
  writeFileSync(file, damaged);
  const wheel = await wheels.Wheel.open(file);
  const expected = /inc\/c\.h: expected 24 bytes as packed but found it damaged/;
  await t.throwsAsync(wheel.read('inc/c.h'), { message: expected });
});

test('Ready is forgotten when the addon or a library changes or goes', (t) => {
  const folder = folderFor(t);
  const target = { folder, addon: 'lib/addon.node' };
  const library = path.join(folder, 'deps.so');
  mkdirSync(path.join(folder, 'lib'));
  writeFileSync(path.join(folder, target.addon), 'addon');
  writeFileSync(library, 'library');
  t.is(packages.readReady(target), undefined);
  const stamp = (): void => packages.writeStamp(target, { version: '2.21.0', from: 'pip', libraries: [library] });
  stamp();
  t.deepEqual(packages.readReady(target), { version: '2.21.0', from: 'pip' });
  writeFileSync(library, 'another');
  utimesSync(library, new Date(), new Date(statSync(library).mtimeMs + 5000));
  t.is(packages.readReady(target), undefined);
  stamp();
  t.not(packages.readReady(target), undefined);
  rmSync(path.join(folder, target.addon));
  t.is(packages.readReady(target), undefined);
});

test('A wheel of a known name must have the known content; one of another name is left to pip', async (t) => {
  const folder = folderFor(t);
  const known = path.join(folder, 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
  writeFileSync(known, 'abc');
  // The SHA-256 of "abc" (FIPS 180-2, appendix B.1).
  t.regex(String(await pins.differsFromPinned(known)), /expected a file of SHA-256 2b847d21.* but found ba7816bf/);
  const other = path.join(folder, 'constructor');
  writeFileSync(other, 'abc');
  t.is(await pins.differsFromPinned(other), undefined);
});
