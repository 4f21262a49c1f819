import { lstatSync, readlinkSync } from 'node:fs';
import { execFile } from 'node:child_process';
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

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Processes in namespaces of their own that see the system read-only and, of the rest, only the session's files. */
export const bubblewrap: Isolation = {
  driver: 'local',
  ownsProcesses: true,
  sessionDir: () => '/session',
  launch: (files, argv, env) => ({
    file: 'bwrap',
    args: [...sandboxArguments(files), '--', ...argv],
    cwd: '/',
    // Through the environment and not by --setenv: arguments can be read by every user of the machine.
    env: sessionEnvironment('/session', PATH, process.getuid?.() === 0 ? 'root' : 'agent', env),
  }),
};

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
    '--tmpfs',
    '/tmp',
    '--dir',
    '/var/tmp',
    '--dir',
    '/run',
    '--bind',
    files,
    '/session',
    '--symlink',
    'session/data',
    '/data',
    '--chdir',
    '/session',
  ];
}

function systemFolder(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

/** Undefined when a sandbox can really be made here, else the reason. */
export async function bubblewrapProblem(): Promise<string | undefined> {
  const { file, args, cwd, env } = bubblewrap.launch('/var/empty-session', ['true'], {});
  const withoutFiles = args.map((argument) => (argument === '/var/empty-session' ? '/usr/share' : argument));
  try {
    await run(file, withoutFiles, { cwd, env, timeout: 10_000 });
    return undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'the program bwrap is not installed';
    const stderr = String(field(error, 'stderr') ?? '').trim();
    return stderr === '' ? 'bwrap could not start a process' : stderr;
  }
}
