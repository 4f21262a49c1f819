import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ComputerError } from '../../computer.js';
import { findProgram } from './programs.js';

/** What root needs to start the sandbox of another user, all part of util-linux. */
export const USER_DROP_PROGRAMS = ['unshare', 'mount', 'nsenter', 'setpriv'] as const;

/** A folder of every system, on which a private mount namespace can put something else. */
const MOUNT_POINTS = ['/mnt', '/media', '/srv', '/opt', '/run'];

/** Says so when all is in place, and waits until somebody holds the namespace. Arguments: mount, folder, mount point. */
const SCRIPT = '"$1" -n -o bind,nosuid,nodev -- "$2" "$3" || exit 125; echo ready; read -r _';

/**
 * A mount namespace in which the users of sessions reach their folders, without setuid and devices, and which the home
 * of the service does not allow them by its own path. There every session's folder is closed to the other users still.
 * No process has to stay for it, and nothing is left behind: it ends with the descriptor that holds it.
 */
interface Namespace {
  /** Of the folder that it shows: another one that takes its place needs a namespace of its own. */
  identity: string;
  /** The descriptor that holds it. */
  opened: Promise<number>;
}

const namespaces = new Map<string, Namespace>();

/** Where the session with these files finds them in the namespace of the folder that holds all sessions. */
export function insideNamespace(files: string): string {
  const base = dirname(files);
  return join(mountPoint(), basename(base), basename(files));
}

/** The command line for root that runs `command` as `user`, with the folders of all sessions at the mount point. */
export async function asSessionUser(root: string, user: number, command: string[]): Promise<string[]> {
  const namespace = `/proc/${process.pid}/fd/${await enterable(root)}`;
  const ids = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--no-new-privs'];
  return [program('nsenter'), `--mount=${namespace}`, '--', program('setpriv'), ...ids, '--', ...command];
}

/** Lets go of the namespace of a folder; it is made again when it is needed. */
export async function leaveNamespace(root: string): Promise<void> {
  const known = namespaces.get(root);
  namespaces.delete(root);
  const descriptor = await known?.opened.catch(() => undefined);
  if (descriptor !== undefined) closeSync(descriptor);
}

function enterable(root: string): Promise<number> {
  const identity = letPass(root);
  const known = namespaces.get(root);
  if (known?.identity === identity) return known.opened;
  void leaveNamespace(root);
  const made = { identity, opened: makeNamespace(root) };
  namespaces.set(root, made);
  // What failed is tried again for the next process.
  made.opened.catch(() => namespaces.get(root) === made && namespaces.delete(root));
  return made.opened;
}

async function makeNamespace(root: string): Promise<number> {
  // Slave: what the machine unmounts is unmounted here too, and nothing of ours is mounted there.
  const args = ['--mount', '--propagation', 'slave', '--', '/bin/sh', '-c', SCRIPT, 'sh'];
  const child = spawn(program('unshare'), [...args, program('mount'), root, mountPoint()], { env: {} });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => (complaint = error.message));
  const isReady = await new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true));
    child.once('close', () => resolve(false));
  });
  if (!isReady) {
    const reason = complaint.trim() || 'no reason given';
    throw new ComputerError(
      'driver_unavailable',
      `A mount namespace for the users of sessions could not be made: ${reason}. Start Raworc as a plain user instead.`,
    );
  }
  const descriptor = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
  child.stdin.end();
  return descriptor;
}

/** Gives what tells the folder from another one that takes its place. */
function letPass(root: string): string {
  const { dev, ino, mode } = statSync(root, { bigint: true });
  // To pass through, not to look: the names of sessions stay unknown. Whoever starts on this home closes it again.
  if ((mode & 0o777n) !== 0o711n) chmodSync(root, 0o711);
  return `${dev}:${ino}`;
}

function mountPoint(): string {
  return MOUNT_POINTS.find((path) => existsSync(path)) ?? '/mnt';
}

function program(name: (typeof USER_DROP_PROGRAMS)[number]): string {
  return findProgram(name) ?? name;
}
