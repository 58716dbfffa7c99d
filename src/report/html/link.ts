import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const imports = /^import\s\{([^}]*)\} from '(\.\/[^']+)';\n/gm;
const exported = /^export (?=(?:async )?(?:function|const|class) (\w+))/gm;

/**
 * Links compiled modules of the page into one script: each module becomes a function of its own that gives what it exports,
 * after those that it imports.
 *
 * @param entry file name of the module to start with; its function `main` is called at the end.
 * @throws TypeError for an import or export of another form.
 */
export function linkModules(folder: URL, entry: string): string {
  const done = new Map<string, string>();
  const visit = (file: string, path: readonly string[]): string => {
    const known = done.get(file);
    if (known !== undefined) return known;
    if (path.includes(file)) throw new TypeError(`${[...path, file].join(' imports ')}: modules go round`);
    const source = readFileSync(new URL(file, folder), 'utf8');
    const heads = [...source.matchAll(imports)].map(([, names = '', from = '']) => {
      const module = visit(basename(from), [...path, file]);
      return `const {${names.replaceAll(' as ', ': ')}} = ${module};`;
    });
    const names = [...source.matchAll(exported)].map(([, name]) => name);
    const body = source
      .replaceAll(imports, '')
      .replaceAll(exported, '')
      .replaceAll(/^export \{\};?\n/gm, '')
      .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '');
    if (/^(import|export)\s/m.test(body))
      throw new TypeError(`${file}: expected imports of ./FILE.js and plain exports`);
    const name = `module${done.size}`;
    done.set(file, name);
    texts.push(`const ${name} = (() => {\n${heads.join('\n')}\n${body}\nreturn { ${names.join(', ')} };\n})();`);
    return name;
  };
  const texts: string[] = [];
  const last = visit(entry, []);
  return `(() => {\n'use strict';\n${texts.join('\n')}\n${last}.main();\n})();`;
}
