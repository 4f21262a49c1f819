import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a program as the service finds it; undefined when it is not there. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
