import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Computers, ExecResult, SnapshotEntry } from '../computer.js';

export type ComputersFactory = (root: string) => Computers;

export const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

/** Removes also what is too deep for Node, and what its owner may not look into. */
const REMOVE = 'rm -rf -- "$0" 2> /dev/null || { chmod -R u+rwx -- "$0"; rm -rf -- "$0"; }';

export interface Fixture {
  readonly computers: Computers;
  /** An image that a driver with images has. */
  readonly image: string;
  /** The id of a session that a test calls by this name; another one in each test, for engines that are shared. */
  id(name: string): string;
  /** The same computers as another process of the service sees them. */
  otherProcess(): Computers;
  /** A new computer that runs. */
  running(sessionId?: string, env?: Record<string, string>): Promise<string>;
  /** Runs a command in the session's shell and expects it to succeed. */
  bash(sessionId: string, command: string): Promise<string>;
  text(sessionId: string, path: string): Promise<string>;
  /** What a snapshot holds. */
  entries(sessionId: string, snapshotId: string): Promise<SnapshotEntry[]>;
}

export function useComputers(factory: ComputersFactory, image: string): Fixture {
  let root = '';
  let suffix = '';
  let instances: Computers[] = [];
  const instance = (): Computers => {
    const created = factory(root);
    instances.push(created);
    return created;
  };
  let computers: Computers;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-computers-'));
    suffix = randomUUID();
    instances = [];
    computers = instance();
  });

  afterEach(async () => {
    for (const { sessionId } of await computers.list()) await computers.destroy(sessionId);
    for (const each of instances) await each.dispose();
    await promisify(execFile)('sh', ['-c', REMOVE, root]);
  });

  const id = (name: string): string => `${name}-${suffix}`;

  return {
    image,
    id,
    get computers() {
      return computers;
    },
    otherProcess: instance,
    async running(sessionId = id('session-1'), env) {
      await computers.create({ sessionId, env });
      await computers.start(sessionId);
      return sessionId;
    },
    async bash(sessionId, command) {
      const shell = await computers.shell(sessionId);
      const result = await shell.run(command, LIMITS);
      expect(result).toMatchObject({ outcome: 'exited', exitCode: 0 });
      return result.output;
    },
    async entries(sessionId, snapshotId) {
      const entries: SnapshotEntry[] = [];
      for await (const entry of computers.listSnapshot(sessionId, snapshotId)) entries.push(entry);
      return entries;
    },
    async text(sessionId, path) {
      return Buffer.from(await computers.readFile(sessionId, path)).toString('utf8');
    },
  };
}

export function succeeded(output: string): Partial<ExecResult> {
  return { output, outcome: 'exited', exitCode: 0, truncated: false };
}
