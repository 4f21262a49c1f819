import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

/**
 * The first processes of all sandboxes in which this folder is /session, as the machine numbers them. The kernel ends
 * a whole sandbox with its first process. Found by what no process inside can change, its namespaces, and so also
 * when nothing else tells whose it is: the program outside that started it is gone, or the record was lost.
 */
export function sandboxInits(files: string): number[] {
  return readSandboxes().initsOf(files);
}

/** All sandboxes of the machine at one moment. */
export interface Sandboxes {
  initsOf(files: string): number[];
}

export function readSandboxes(): Sandboxes {
  const own = namespaceOf('self');
  const others = Map.groupBy(allPids(), (pid) => namespaceOf(pid));
  const sandboxes = [...others]
    .filter(([namespace]) => namespace !== undefined && namespace !== own)
    .map(([, pids]) => ({
      folders: new Set(pids.map((pid) => identityOf(`/proc/${pid}/root/session`))),
      inits: pids.filter(isSandboxInit),
    }));
  return {
    initsOf(files) {
      const folder = identityOf(files);
      if (folder === undefined) return [];
      return sandboxes.filter(({ folders }) => folders.has(folder)).flatMap(({ inits }) => inits);
    },
  };
}

/** True for the first process of a pid namespace below ours. */
export function isSandboxInit(pid: number): boolean {
  const numbers = /^NSpid:\t(.*)$/m.exec(readStatus(pid))?.[1]?.split('\t') ?? [];
  return numbers.length > 1 && numbers.at(-1) === '1';
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined for a process that ended, or that is not ours to look at. */
function namespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
