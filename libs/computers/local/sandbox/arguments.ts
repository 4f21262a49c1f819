import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { canLimitMemoryFolders } from './version.js';

/** The user that a session's processes see themselves as; on the machine it is another one. */
export const INNER_USER = { id: 1000, name: 'session' };

const PASSWD =
  'root:x:0:0:root:/root:/usr/sbin/nologin\n' +
  `${INNER_USER.name}:x:${INNER_USER.id}:${INNER_USER.id}::/session:/bin/bash\n` +
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
const GROUP = `root:x:0:\n${INNER_USER.name}:x:${INNER_USER.id}:\nnogroup:x:65534:\n`;

/** As in the session image. */
const GIT_CONFIG = '[safe]\n\tdirectory = *\n[user]\n\tname = Host\n\temail = host@session.invalid\n';

/** Files that exist in the sandbox only, in the order of the descriptors that bring them. */
export const OWN_FILES = [
  { path: '/etc/passwd', content: PASSWD },
  { path: '/etc/group', content: GROUP },
  { path: '/etc/gitconfig', content: GIT_CONFIG },
];

/** Folders that are links into /usr on most systems and real folders on others. */
const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** The few files of /etc that programs need: certificates, loader, time zone. No keys, no users. */
const ETC = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/fonts',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/protocols',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/terminfo',
  '/etc/timezone',
];

/** Places in /proc where the machine could be changed or rebooted, had a sandbox more rights than it has. */
const READ_ONLY_PROC = ['acpi', 'bus', 'fs', 'irq', 'mtrr', 'pressure', 'scsi', 'sys', 'sysrq-trigger'];

/** What tells of the machine and its memory: empty in the sandbox. */
const HIDDEN_PROC = [
  'iomem',
  'ioports',
  'kallsyms',
  'kcore',
  'keys',
  'key-users',
  'kmsg',
  'timer_list',
  'vmallocinfo',
];

const MIB = 1024 * 1024;

/**
 * Folders in memory, and the part of the session's memory that each may take up. Together they leave a fifth of it to
 * programs: files alone do not bring the session to its limit.
 */
const MEMORY_FOLDERS = [
  { path: '/tmp', part: 1 / 2 },
  { path: '/var/tmp', part: 1 / 8 },
  { path: '/dev/shm', part: 1 / 8 },
  { path: '/run', part: 1 / 32 },
];

/** Of a session whose memory is not limited. */
const DEFAULT_MEMORY_MB = 1024;

/** Options of bwrap for a sandbox in which `files` is /session. `ownFilesFd` is the first descriptor of OWN_FILES. */
export function sandboxOptions(
  files: string,
  filterFd: number,
  ownFilesFd: number,
  memoryMb = DEFAULT_MEMORY_MB,
): string[] {
  return [
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--uid',
    String(INNER_USER.id),
    '--gid',
    String(INNER_USER.id),
    '--hostname',
    'session',
    '--cap-drop',
    'ALL',
    '--seccomp',
    String(filterFd),
    '--die-with-parent',
    '--new-session',
    '--as-pid-1',
    '--clearenv',
    '--ro-bind',
    '/usr',
    '/usr',
    ...SYSTEM_FOLDERS.flatMap(systemFolder),
    ...ETC.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]),
    ...OWN_FILES.flatMap(({ path }, index) => [
      '--perms',
      '0444',
      '--file',
      String(ownFilesFd + index),
      path,
    ]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...procPaths(READ_ONLY_PROC).flatMap((path) => ['--ro-bind', path, path]),
    ...procPaths(HIDDEN_PROC).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...MEMORY_FOLDERS.flatMap(({ path, part }) => memoryFolder(path, Math.floor(memoryMb * MIB * part))),
    // What programs need of it are mounts of their own.
    '--remount-ro',
    '/dev',
    '--bind',
    files,
    '/session',
    '--symlink',
    'session/data',
    '/data',
    '--remount-ro',
    '/',
    '--chdir',
    '/session',
  ];
}

function memoryFolder(path: string, bytes: number): string[] {
  const size = canLimitMemoryFolders() ? ['--size', String(bytes)] : [];
  return ['--perms', '1777', ...size, '--tmpfs', path];
}

function systemFolder(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

/** Those that are there and not root's alone: a sandbox is never root, and each mount makes its start slower. */
function procPaths(names: string[]): string[] {
  return names.map((name) => `/proc/${name}`).filter((path) => isForOthers(path));
}

function isForOthers(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (stat.isDirectory() || (stat.mode & 0o066) !== 0);
}
