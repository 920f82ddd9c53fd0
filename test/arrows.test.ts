import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

type Part = {
  readonly may: readonly string[];
  readonly why: string;
  readonly deep?: boolean;
  readonly only?: Readonly<Record<string, readonly string[]>>;
};

const parts: Record<string, Part> = createRequire(import.meta.url)('../parts.cjs');
const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort();

type Import = { readonly from: string; readonly to: string };

/** Every relative import as paths below `src/`; static, re-exported and dynamic alike. */
const imports: readonly Import[] = files.flatMap((from) =>
  [...sourceOf(from).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => ({
    from,
    to: normalize(join(dirname(from), match[1] ?? '')),
  })),
);

function sourceOf(file: string): string {
  return readFileSync(join('src', file), 'utf8');
}

function partOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function isEdge(path: string): boolean {
  return path.includes('/io/') || isMain(path);
}

function isMain(path: string): boolean {
  return /(^|\/)(main|server)\.ts$|^sabakan\/(migrate|open-store|with-store|make-token)\.ts$/.test(
    path,
  );
}

describe('arrows', () => {
  it('every folder of src is a part that parts.cjs names', () => {
    const folders = new Set(files.map(partOf));
    expect([...folders].sort()).toEqual(Object.keys(parts).sort());
  });

  it('a part imports only the parts it may', () => {
    const wrong = imports
      .filter(({ from, to }) => partOf(to) !== partOf(from))
      .filter(({ from, to }) => {
        const part = parts[partOf(from)];
        if (part === undefined || !part.may.includes(partOf(to))) return true;
        const only = part.only?.[partOf(to)];
        return only !== undefined && !only.some((allowed) => to.startsWith(allowed));
      })
      .map(({ from, to }) => `${from} → ${to}: ${parts[partOf(from)]?.why}`);
    expect(wrong).toEqual([]);
  });

  it("depth is privacy: another part's subfolders are its own business", () => {
    const wrong = imports
      .filter(({ from, to }) => partOf(to) !== partOf(from) && !parts[partOf(from)]?.deep)
      .filter(({ from, to }) => !isMain(from) && to.split('/').length > 2)
      .filter(
        ({ from, to }) => !parts[partOf(from)]?.only?.[partOf(to)]?.some((p) => to.startsWith(p)),
      )
      .map(({ from, to }) => `${from} → ${to}`);
    expect(wrong).toEqual([]);
  });

  it('only io/ and main.ts reach into io/', () => {
    const wrong = imports
      .filter(({ from, to }) => to.includes('/io/') && !isEdge(from))
      .map(({ from, to }) => `${from} → ${to}: io/ is the only room with windows`);
    expect(wrong).toEqual([]);
  });

  it('no import goes in a circle', () => {
    const next = Map.groupBy(imports, ({ from }) => from);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (done.has(file) || path.includes(file)) return;
      for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('src never imports test', () => {
    expect(imports.filter(({ to }) => to.startsWith('..'))).toEqual([]);
  });
});

describe('rooms without windows', () => {
  const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
    [/\bDate\.now\(/, 'world.clock.now()'],
    [/\bnew Date\(\)/, 'world.clock.now()'],
    [/\bMath\.random\(/, 'world.chance.next()'],
    [/\b(setTimeout|setInterval|setImmediate)\(/, 'world.clock.after()'],
    [/\bprocess\./, 'a value handed in by main.ts'],
    [/(?<![.\w])fetch\(/, 'world.http.request()'],
    [/\bconsole\./, 'world.log'],
    [/from 'node:/, 'an edge in io/'],
    [/\bperformance\.now\(/, 'world.clock.monotonicMs()'],
  ];

  it('outside io/ and main.ts nobody looks at the clock, chance, process or network', () => {
    const wrong = files
      .filter((file) => !isEdge(file))
      .flatMap((file) => {
        const code = sourceOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
        return banned
          .filter(([pattern]) => pattern.test(code))
          .map(([pattern, instead]) => `${file}: ${pattern.source} — use ${instead}`);
      });
    expect(wrong).toEqual([]);
  });
});
