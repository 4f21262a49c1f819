import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIMIT_NAMES, type LimitName } from '../../computer.js';
import { type Hierarchy, parseHierarchies } from './hierarchies.js';
import type { Tree, Trees } from './session-cgroup.js';

/** Names of the controllers that keep a limit. */
const CONTROLLERS = { memory: 'memory', pids: 'pids', cpus: 'cpu' } as const;

/**
 * The trees of control groups in which this process may make groups for the sessions of `home`; empty for a user who
 * was given none. What is found is tried, with a group that is removed again.
 */
export function findTrees(home: string, hierarchies: Hierarchy[] = readHierarchies()): Trees {
  const name = `raworc-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
  const unified = hierarchies.find(({ version }) => version === 2);
  const second = unified && versionTwoTree(unified, name);
  const trees: Trees = {};
  for (const [limit, controller] of Object.entries(CONTROLLERS)) {
    const first = hierarchies.find(({ controllers }) => controllers.includes(controller));
    const base = first && versionOneBase(first, name);
    if (base !== undefined) trees[limit as keyof Trees] = { version: 1, base };
    else if (second?.controllers.includes(controller)) trees[limit as keyof Trees] = second;
  }
  const freezer = hierarchies.find(({ controllers }) => controllers.includes('freezer'));
  const freezerBase = freezer && versionOneBase(freezer, name);
  if (second) trees.freezer = second;
  else if (freezerBase !== undefined) trees.freezer = { version: 1, base: freezerBase };
  // Nothing stays behind where no session ever starts.
  for (const { base } of Object.values(trees) as Tree[]) removeIfEmpty(base);
  return trees;
}

/** The limits that trees can keep. */
export function limitsOf(trees: Trees): LimitName[] {
  return LIMIT_NAMES.filter((name) => trees[name] !== undefined);
}

/** Below our own group, so that what limits the service limits its sessions too. */
function versionOneBase({ mount, own }: Hierarchy, name: string): string | undefined {
  const base = join(mount, own, name);
  return canMake(base) ? base : undefined;
}

/**
 * A group of version 2 hands controllers on only while it has no processes itself. So the groups of sessions lie in
 * the nearest group that can: our own at the root of the tree, else the one above it, else the root.
 */
function versionTwoTree({ mount, own }: Hierarchy, name: string): Required<Tree> | undefined {
  const candidates = [...new Set([own, dirname(own), '/'])].map((path) => {
    const parent = join(mount, path);
    const base = join(parent, name);
    if (!canMake(base)) return undefined;
    const controllers = Object.values(CONTROLLERS).filter((controller) => handsOn(parent, base, controller));
    return { version: 2, base, controllers } as const;
  });
  const found = candidates.filter((candidate) => candidate !== undefined);
  return found.sort((a, b) => b.controllers.length - a.controllers.length)[0];
}

/** Tried by a process that becomes a member: the right to make a group is not yet that to fill it. */
function canMake(base: string): boolean {
  const probe = join(base, 'probe');
  try {
    mkdirSync(probe, { recursive: true });
    const join = spawnSync('/bin/sh', ['-c', 'echo 0 > "$1"', 'sh', `${probe}/cgroup.procs`], {
      stdio: 'ignore',
    });
    return join.status === 0;
  } catch {
    return false;
  } finally {
    removeIfEmpty(probe);
  }
}

function handsOn(parent: string, base: string, controller: string): boolean {
  try {
    for (const group of [parent, base]) {
      const active = readFileSync(join(group, 'cgroup.subtree_control'), 'utf8').split(/\s+/);
      if (!active.includes(controller))
        writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`);
    }
    return true;
  } catch {
    return false;
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It was never made, or holds the groups of sessions.
  }
}

/** Those of this machine in which this process is. */
export function readHierarchies(): Hierarchy[] {
  try {
    return parseHierarchies(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
  } catch {
    // Not a system with control groups.
    return [];
  }
}
