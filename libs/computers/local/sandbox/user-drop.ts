import { existsSync } from 'node:fs';
import { findProgram } from './programs.js';

/** What root needs to start the sandbox of another user, all part of util-linux. */
export const USER_DROP_PROGRAMS = ['unshare', 'mount', 'setpriv'] as const;

/** A folder of every system, on which a private mount namespace can put something else. */
const MOUNT_POINTS = ['/mnt', '/media', '/srv', '/opt', '/run'];

/**
 * Puts the session's folder where its user can reach it, which the home of the service does not allow, and becomes
 * that user for good. Arguments: folder, mount point, user, mount, setpriv, command.
 */
const SCRIPT =
  '"$4" -n -o bind,nosuid,nodev -- "$1" "$2" || exit 125; u=$3 s=$5; shift 5; ' +
  'exec "$s" --reuid "$u" --regid "$u" --clear-groups --no-new-privs -- "$@"';

/** Where a dropped user finds the session's folder. */
export function mountPoint(): string {
  return MOUNT_POINTS.find((path) => existsSync(path)) ?? '/mnt';
}

/** The command line for root that runs `command` as `user`, with `files` at the mount point. */
export function asSessionUser(files: string, user: number, command: string[]): string[] {
  const [unshare, mount, setpriv] = USER_DROP_PROGRAMS.map((name) => findProgram(name) ?? name) as [
    string,
    string,
    string,
  ];
  // Slave: what the machine unmounts is unmounted here too, and nothing of ours is mounted there.
  const namespace = [unshare, '--mount', '--propagation', 'slave', '--'];
  const script = ['/bin/sh', '-c', SCRIPT, 'sh', files, mountPoint(), String(user), mount, setpriv];
  return [...namespace, ...script, ...command];
}
