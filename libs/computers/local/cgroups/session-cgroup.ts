import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError, type ComputerLimits } from '../../computer.js';
import { hasCode } from '../errno.js';
import { signal } from '../terminate.js';

/** The limits that a machine can keep, and the folders of the trees in which they are written. */
export interface Trees {
  memory?: Tree;
  pids?: Tree;
  cpus?: Tree;
  /** Where processes are held: a tree of version 2, or that of the freezer. */
  freezer?: Tree;
}

export interface Tree {
  version: 1 | 2;
  /** Holds a group for each session. */
  base: string;
  /** Of version 2: what the base hands on to them. */
  controllers?: string[];
}

const MIB = 1024 * 1024;
const PERIOD_US = 100_000;
const DEADLINE_MS = 2_000;
const POLL_MS = 2;

/** The control groups of one session, one in each tree that is used. */
export class SessionCgroup {
  private readonly folders: string[];

  constructor(
    private readonly trees: Trees,
    private readonly name: string,
  ) {
    const bases = Object.values(trees).map((tree: Tree) => tree.base);
    this.folders = [...new Set(bases)].map((base) => join(base, name));
  }

  /** Makes the groups and sets their limits. Gives the files to which a process writes 0 to become a member. */
  open(limits: ComputerLimits): string[] {
    for (const { base, controllers = [] } of Object.values(this.trees) as Tree[]) {
      mkdirSync(join(base, this.name), { recursive: true });
      for (const controller of controllers)
        writeFileSync(join(base, 'cgroup.subtree_control'), `+${controller}`);
    }
    const { memory, pids, cpus } = this.trees;
    if (cpus) yieldToService(cpus);
    if (memory && limits.memoryMb !== undefined) this.limitMemory(memory, limits.memoryMb * MIB);
    if (pids && limits.pids !== undefined) this.write(pids, 'pids.max', String(limits.pids));
    if (cpus && limits.cpus !== undefined) this.limitCpus(cpus, Math.round(limits.cpus * PERIOD_US));
    return this.folders.map((folder) => join(folder, 'cgroup.procs'));
  }

  /** The names of the groups in these trees, one for each session that has or had processes. */
  static names(trees: Trees): string[] {
    const bases = new Set((Object.values(trees) as Tree[]).map(({ base }) => base));
    return [...new Set([...bases].flatMap(groupsIn))];
  }

  /** The members, as the machine numbers them. */
  pids(): number[] {
    const texts = this.folders.map((folder) => readIfThere(join(folder, 'cgroup.procs')));
    return [...new Set(texts.flatMap((text) => text.split('\n')))].filter((line) => line !== '').map(Number);
  }

  /** Kills all members, also those that fork meanwhile. */
  async kill(): Promise<void> {
    const { freezer } = this.trees;
    const deadline = performance.now() + DEADLINE_MS;
    while (this.pids().length > 0 && performance.now() < deadline) {
      // Held, none of them can fork. Version 1 delivers the signal only once they go on.
      const killed = freezer?.version === 2 && this.tryWrite(freezer, 'cgroup.kill', '1');
      if (!killed && freezer) await this.freeze().catch(() => undefined);
      for (const pid of this.pids()) signal(pid, 'SIGKILL');
      if (freezer) this.thaw();
      await delay(POLL_MS);
    }
  }

  /** Holds all members; false where no tree can do that. */
  async freeze(): Promise<boolean> {
    const { freezer } = this.trees;
    if (!freezer || readIfThere(join(freezer.base, this.name, 'cgroup.procs')) === '') return false;
    const [file, frozen] =
      freezer.version === 2 ? ['cgroup.events', /^frozen 1$/m] : ['freezer.state', /^FROZEN/];
    this.setFrozen(freezer, true);
    for (const deadline = performance.now() + DEADLINE_MS; ;) {
      if (frozen.test(readIfThere(join(freezer.base, this.name, file)))) return true;
      if (performance.now() > deadline) break;
      await delay(1);
    }
    this.thaw();
    throw new ComputerError(
      'file_not_readable',
      `The programs of a computer could not be held within ${DEADLINE_MS / 1000} seconds.`,
    );
  }

  thaw(): void {
    if (this.trees.freezer) this.setFrozen(this.trees.freezer, false);
  }

  /** Succeeds when the members are gone, which the kernel needs a moment for. */
  async remove(): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (const folder of this.folders) {
      while (!removed(folder) && performance.now() < deadline) await delay(POLL_MS);
      // The last session takes the base along.
      removed(dirname(folder));
    }
  }

  private limitMemory(tree: Tree, bytes: number): void {
    if (tree.version === 2) {
      this.write(tree, 'memory.max', String(bytes));
      this.tryWrite(tree, 'memory.swap.max', '0');
      return;
    }
    this.write(tree, 'memory.limit_in_bytes', String(bytes));
    this.tryWrite(tree, 'memory.memsw.limit_in_bytes', String(bytes));
  }

  private limitCpus(tree: Tree, quota: number): void {
    if (tree.version === 2) return this.write(tree, 'cpu.max', `${quota} ${PERIOD_US}`);
    this.write(tree, 'cpu.cfs_period_us', String(PERIOD_US));
    this.write(tree, 'cpu.cfs_quota_us', String(quota));
  }

  private setFrozen(tree: Tree, frozen: boolean): void {
    if (tree.version === 2) this.tryWrite(tree, 'cgroup.freeze', frozen ? '1' : '0');
    else this.tryWrite(tree, 'freezer.state', frozen ? 'FROZEN' : 'THAWED');
  }

  private write(tree: Tree, file: string, value: string): void {
    writeFileSync(join(tree.base, this.name, file), value);
  }

  /** False where the kernel has no such file, or the group is gone. */
  private tryWrite(tree: Tree, file: string, value: string): boolean {
    try {
      this.write(tree, file, value);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'EACCES', 'EOPNOTSUPP', 'EINVAL')) return false;
      throw error;
    }
  }
}

/** All sessions together get half of what a single process of the service gets, wherever both want more than there is. */
function yieldToService({ version, base }: Tree): void {
  const [file, weight] = version === 2 ? ['cpu.weight', '50'] : ['cpu.shares', '512'];
  writeFileSync(join(base, file), weight);
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    if (hasCode(error, 'EBUSY', 'ENOTEMPTY')) return false;
    throw error;
  }
}

function groupsIn(base: string): string[] {
  try {
    const entries = readdirSync(base, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return '';
    throw error;
  }
}
