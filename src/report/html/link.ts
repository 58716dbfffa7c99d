import { readFileSync } from 'node:fs';

const imports = /^import\s\{([^}]*)\} from '(\.[^']+)';\n/gm;
const exported = /^export (?=(?:async )?(?:function|const|class) (\w+))/gm;

/**
 * Links compiled modules of the page into one script: each module becomes a function of its own that gives what it exports,
 * after those that it imports.
 *
 * @param entry the module to start with; its function `main` is called at the end.
 * @throws TypeError for an import or export of another form.
 */
export function linkModules(entry: URL): string {
  const done = new Map<string, string>();
  const texts: string[] = [];
  const visit = (file: URL, path: readonly string[]): string => {
    const known = done.get(file.href);
    if (known !== undefined) return known;
    if (path.includes(file.href)) throw new TypeError(`${[...path, file.href].join(' imports ')}: modules go round`);
    const source = readFileSync(file, 'utf8');
    const heads = [...source.matchAll(imports)].map(([, names = '', from = '']) => {
      const module = visit(new URL(from, file), [...path, file.href]);
      return `const {${names.replaceAll(' as ', ': ')}} = ${module};`;
    });
    const names = [...source.matchAll(exported)].map(([, name]) => name);
    const body = source
      .replaceAll(imports, '')
      .replaceAll(exported, '')
      .replaceAll(/^export \{\};?\n/gm, '')
      .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '');
    if (/^(import|export)\s/m.test(body))
      throw new TypeError(`${file.href}: expected imports { ... } of files and exports where they are declared`);
    const name = `module${done.size}`;
    done.set(file.href, name);
    texts.push(`const ${name} = (() => {\n${heads.join('\n')}\n${body}\nreturn { ${names.join(', ')} };\n})();`);
    return name;
  };
  const last = visit(entry, []);
  return `(() => {\n'use strict';\n${texts.join('\n')}\n${last}.main();\n})();`;
}
