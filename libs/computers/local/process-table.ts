import { readFileSync, readdirSync } from 'node:fs';

/** One row of /proc. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The POSIX session, named by its leader's pid. */
  session: number;
  state: string;
  /** Clock ticks between boot and the process's start; with the pid it names a process for good. */
  startTicks: number;
  cpuTicks: number;
  residentPages: number;
}

/** Linux counts /proc times in hundredths of a second on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

const SIGTERM_BIT = 1n << 14n;

export function readProcess(pid: number): ProcessEntry | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command name stands in parentheses and may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index]);
  return {
    pid,
    state: fields[0] ?? '?',
    parent: number(1),
    session: number(3),
    cpuTicks: number(11) + number(12),
    startTicks: number(19),
    residentPages: number(21),
  };
}

/** Every process of the machine. */
export function readPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Every process of the machine that still runs (zombies are left out). */
export function readProcesses(): ProcessEntry[] {
  return readPids()
    .map(readProcess)
    .filter((entry) => entry !== undefined && entry.state !== 'Z' && entry.state !== 'X') as ProcessEntry[];
}

/** The processes below `roots`, the roots included, unless `skip` says to leave out one and all below it. */
export function descendants(
  table: ProcessEntry[],
  roots: Iterable<number>,
  skip: (entry: ProcessEntry) => boolean = () => false,
): ProcessEntry[] {
  const children = Map.groupBy(table, (entry) => entry.parent);
  const byPid = new Map(table.map((entry) => [entry.pid, entry]));
  const found = new Map<number, ProcessEntry>();
  const queue = [...roots].map((pid) => byPid.get(pid)).filter((entry) => entry !== undefined);
  for (let entry = queue.pop(); entry; entry = queue.pop()) {
    if (found.has(entry.pid) || skip(entry)) continue;
    found.set(entry.pid, entry);
    queue.push(...(children.get(entry.pid) ?? []));
  }
  return [...found.values()];
}

/** Direct children, at the price of one small file; undefined where the kernel does not offer it. */
export function readChildren(pid: number): number[] | undefined {
  const text = readText(`/proc/${pid}/task/${pid}/children`);
  return text
    ?.split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

/** The last one of a line of processes that each have one child. Where the kernel offers it, not all are looked at. */
export function innermost(pid: number): number {
  const children = readChildren(pid);
  if (children === undefined) return descendants(readProcesses(), [pid]).at(-1)?.pid ?? pid;
  const [child] = children;
  return child === undefined ? pid : innermost(child);
}

/** The lines of the environment that the process was started with; none when we may not look. */
export function environmentOf(pid: number): string[] {
  return readText(`/proc/${pid}/environ`)?.split('\0') ?? [];
}

/** True when SIGTERM has no effect on the process. */
export function ignoresTermination(pid: number): boolean {
  const ignored = readText(`/proc/${pid}/status`)?.match(/^SigIgn:\s*([0-9a-f]+)$/m)?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & SIGTERM_BIT) !== 0n;
}

/** Differs after every boot: pids and start times mean nothing beyond one. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';
}

export function ticksSinceBoot(): number {
  return Math.floor(Number(readText('/proc/uptime')?.split(' ')[0] ?? 0) * TICKS_PER_SECOND);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended meanwhile, or belongs to somebody else: either way it is none of ours.
    return undefined;
  }
}
