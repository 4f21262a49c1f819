import { setImmediate } from 'node:timers/promises';
import { environmentOf, readPids, readProcesses, type ProcessEntry } from './process-table.js';
import { readSandboxes, type Sandboxes } from './sandbox/find-sandboxes.js';

const MARK = 'SESSION_DIR=';

/** All processes of the machine at one moment; what costs more is read only when it is asked for. */
export class MachineLook {
  private processes: ProcessEntry[] | undefined;
  private folders: Map<string, number[]> | undefined;
  private inSandboxes: Sandboxes | undefined;

  /** Those that still run. */
  get table(): ProcessEntry[] {
    return (this.processes ??= readProcesses());
  }

  /** Processes that were started with this folder as their session's. */
  marked(files: string): number[] {
    this.folders ??= readFolders();
    return this.folders.get(files) ?? [];
  }

  /** The first processes of the sandboxes in which this folder is the session's. */
  sandboxInits(files: string): number[] {
    this.inSandboxes ??= readSandboxes();
    return this.inSandboxes.initsOf(files);
  }
}

let next: Promise<MachineLook> | undefined;

/**
 * A look that begins after this call. Whoever asks before it begins shares it: a look reads some files of each process
 * while nothing else is done, and hundreds of computers may end at once.
 */
export function lookAtMachine(): Promise<MachineLook> {
  next ??= setImmediate().then(() => {
    next = undefined;
    return new MachineLook();
  });
  return next;
}

function readFolders(): Map<string, number[]> {
  const folders = new Map<string, number[]>();
  for (const pid of readPids()) {
    if (pid === process.pid) continue;
    for (const line of environmentOf(pid)) {
      if (!line.startsWith(MARK)) continue;
      const folder = line.slice(MARK.length);
      folders.set(folder, [...(folders.get(folder) ?? []), pid]);
    }
  }
  return folders;
}
