import { readFileSync } from 'node:fs';

/**
 * One program text of several Python files, to be given to an interpreter that has none of them. The names are those of
 * the files in a folder, each after those that it imports; the last one is the main program.
 */
export function pythonProgram(folder: URL, names: string[]): string {
  const sources = names.map((name) => [name, readFileSync(new URL(`${name}.py`, folder), 'utf8')]);
  // JSON strings are Python literals as well.
  return [
    'import sys, types',
    `for name, source in ${JSON.stringify(sources.slice(0, -1))}:`,
    '    module = sys.modules[name] = types.ModuleType(name)',
    "    exec(compile(source, name + '.py', 'exec'), module.__dict__)",
    sources.at(-1)?.[1],
  ].join('\n');
}
