import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Boundaries {
  /** Package prefix → folders that may use it. */
  guarded: Record<string, string[]>;
  /** Folder → what it may import of ours. */
  allowed: Record<string, string[] | 'any lib'>;
  /** The compositions, and the apps that they compose. */
  mayImportApps: Record<string, string[]>;
}

const root = resolve(import.meta.dirname, '..');
const boundaries = JSON.parse(readFileSync(join(root, 'libs/tooling/boundaries.json'), 'utf8')) as Boundaries;
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;
const IS_TEST = /\.spec\.ts$|\/conformance(\/|\.ts$)|\/testing\//;

const files = ['apps', 'libs', 'projections']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((name) => name.endsWith('.ts') && !IS_TEST.test(name));

const homeOf = (file: string): string => file.split('/').slice(0, 2).join('/');
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? '');

/** What is wrong with one import, if anything. */
function fault(file: string, specifier: string): string | undefined {
  const home = homeOf(file);
  const guard = Object.entries(boundaries.guarded).find(([name]) => specifier.startsWith(name));
  if (guard !== undefined && !guard[1].some((folder) => file.startsWith(folder)))
    return `${file} uses ${specifier}`;
  if (specifier.startsWith('#')) {
    const may = boundaries.allowed[home];
    if (may === undefined) return `${home} has no rule in libs/tooling/boundaries.json`;
    return may === 'any lib' || may.includes(specifier) ? undefined : `${file} imports ${specifier}`;
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = homeOf(relative(root, resolve(root, dirname(file), specifier)));
  if (target === home || boundaries.mayImportApps[home]?.includes(target)) return undefined;
  return `${file} reaches into ${target} past its public door`;
}

describe('import boundaries', () => {
  it('has a rule for every folder', () => {
    expect([...new Set(files.map(homeOf))].filter((home) => !(home in boundaries.allowed))).toEqual([]);
  });

  it('are kept by every import', () => {
    const imports = files.flatMap((file) => importsOf(file).map((specifier) => ({ file, specifier })));
    expect(imports.length).toBeGreaterThan(100);
    expect(
      imports.map(({ file, specifier }) => fault(file, specifier)).filter((found) => found !== undefined),
    ).toEqual([]);
  });
});
