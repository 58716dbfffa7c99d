import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Pages of the repository. */
function pages(): string[] {
  const below = ['docs', 'examples', 'src/native/kernels'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
      : [],
  );
  return ['README.md', 'CONTRIBUTING.md', ...below].filter((name) => name.endsWith('.md'));
}

/** Headings as anchors, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

for (const page of pages()) {
  test(`${page}: every link and picture leads to a file, every anchor to a heading`, (t) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? join(root, page) : join(root, dirname(page), decodeURI(file));
      t.true(existsSync(path), target);
      if (anchor !== undefined && path.endsWith('.md')) t.true(anchors(readFileSync(path, 'utf8')).has(anchor), target);
    }
    t.pass();
  });
}

for (const page of pages().filter((name) => !name.includes('api/'))) {
  test(`${page}: every test and source file that it names is there`, (t) => {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, file = ''] of text.matchAll(/`((?:test|src|bench|scripts|augment)\/[\w./-]+\.(?:m?[tj]s|py))`/g)) {
      const source = join(root, file);
      if (!/NAME|SET/.test(file)) t.true(existsSync(source), file); // placeholders stand for several
    }
    t.pass();
  });
}
