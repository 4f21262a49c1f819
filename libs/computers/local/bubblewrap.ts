import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { field, hasCode } from './errno.js';
import { type Isolation, sessionEnvironment } from './isolation.js';

const run = promisify(execFile);

/** Folders that are links into /usr on most systems and real folders on others. */
const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** The few files of /etc that programs need: names, certificates, loader, time zone. No keys, no passwords. */
const ETC = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/fonts',
  '/etc/group',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/protocols',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/terminfo',
  '/etc/timezone',
];

/** Places in /proc where a process of root's, even one without any capability, could change or reboot the machine. */
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

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Processes in namespaces of their own that see the system read-only and, of the rest, only the session's files. */
export const bubblewrap: Isolation = {
  driver: 'local',
  ownsProcesses: true,
  sessionDir: () => '/session',
  launch: (files, argv, env, spareFd) => ({
    file: findBubblewrap(),
    args: [...sandboxArguments(files), '--args', String(spareFd), '--', ...argv],
    cwd: '/',
    // The session's variables are for inside. In the environment of bwrap itself they could change what it does,
    // outside of the sandbox (LD_PRELOAD), and in its arguments every user of the machine could read them.
    env: {},
    spareInput: setenvArguments(sessionEnvironment('/session', PATH, userName(), env)),
  }),
};

function setenvArguments(env: Record<string, string>): string {
  return Object.entries(env)
    .flatMap(([name, value]) => ['--setenv', name, value])
    .map((argument) => `${argument}\0`)
    .join('');
}

function userName(): string {
  return process.getuid?.() === 0 ? 'root' : userInfo().username;
}

/** The path of bwrap as the service finds it; the bare name when it is not there, so that starting it says so. */
function findBubblewrap(): string {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, 'bwrap')).find((path) => existsSync(path)) ?? 'bwrap';
}

function sandboxArguments(files: string): string[] {
  return [
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--hostname',
    'session',
    // As root there is no user namespace: inside one, root would keep its capabilities over our files.
    '--cap-drop',
    'ALL',
    '--die-with-parent',
    '--new-session',
    '--ro-bind',
    '/usr',
    '/usr',
    ...SYSTEM_FOLDERS.flatMap(systemFolder),
    ...ETC.flatMap((path) => ['--ro-bind-try', path, path]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...READ_ONLY_PROC.map((name) => `/proc/${name}`).flatMap((path) => ['--ro-bind-try', path, path]),
    ...HIDDEN_PROC.map((name) => `/proc/${name}`).flatMap(hiddenFile),
    '--tmpfs',
    '/tmp',
    '--tmpfs',
    '/var/tmp',
    '--tmpfs',
    '/run',
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

function systemFolder(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

function hiddenFile(path: string): string[] {
  return existsSync(path) ? ['--ro-bind', '/dev/null', path] : [];
}

/** Undefined when a sandbox can really be made here, else the reason. */
export async function bubblewrapProblem(): Promise<string | undefined> {
  try {
    await run(findBubblewrap(), [...sandboxArguments(tmpdir()), '--', 'true'], {
      env: { PATH: process.env['PATH'] },
      timeout: 10_000,
    });
    return undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'the program bwrap is not installed';
    const stderr = field(error, 'stderr');
    const reason = typeof stderr === 'string' ? stderr.trim() : '';
    return reason === '' ? 'bwrap could not start a process' : reason;
  }
}
