import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError } from '../computer.js';
import { hasCode } from './errno.js';

const MAX_LINKS = 40;

/**
 * Splits a path as the session writes it into names below its folder. Absolute paths may start with `/session`,
 * `/data` or `sessionDir`. Throws `path_outside_computer` for anything else. `..` is kept for the walk.
 */
function computerPath(path: string, sessionDir: string): string[] {
  if (path.includes('\0'))
    throw new ComputerError('path_outside_computer', 'A path cannot contain a NUL character.');
  const relative = path.startsWith('/') ? belowFolder(path, sessionDir) : path;
  if (relative === undefined) throw outside(path);
  return names(relative);
}

function belowFolder(path: string, sessionDir: string): string | undefined {
  for (const [prefix, replacement] of [
    [sessionDir, ''],
    ['/session', ''],
    ['/data', 'data'],
  ] as const) {
    if (path === prefix || path.startsWith(`${prefix}/`)) return replacement + path.slice(prefix.length);
  }
  return undefined;
}

/**
 * Walks a path name by name, following links as a process inside the computer would, and never leaves the
 * session's folder. Gives the names of the place it ends at, which need not exist.
 */
export async function resolveInComputer(files: string, sessionDir: string, path: string): Promise<string[]> {
  const ahead = computerPath(path, sessionDir);
  let done: string[] = [];
  let links = 0;
  /** The link followed last, and how many names were ahead before those of its target. */
  let link: { name: string; target: string; rest: number } | undefined;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '..') {
      if (done.length === 0) throw outside(path, link && ahead.length >= link.rest ? link : undefined);
      done.pop();
      continue;
    }
    const target = await linkTarget(join(files, ...done, name));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    link = { name: [...done, name].join('/'), target, rest: ahead.length };
    if (++links > MAX_LINKS) {
      throw new ComputerError(
        'path_outside_computer',
        `${path} goes through too many links, one of them ${link.name}.`,
      );
    }
    if (target.startsWith('/')) {
      const below = belowFolder(target, sessionDir);
      if (below === undefined) throw outside(path, link);
      done = [];
      ahead.unshift(...names(below));
    } else {
      ahead.unshift(...names(target));
    }
  }
  return done;
}

function outside(path: string, link?: { name: string; target: string }): ComputerError {
  const is = link
    ? `${path} leads outside the session's folder: ${link.name} is a link to ${link.target}.`
    : `${path} is outside the session's folder.`;
  const help = 'Use a path relative to it, or one that starts with /session or /data.';
  return new ComputerError('path_outside_computer', `${is} ${help}`);
}

function names(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
