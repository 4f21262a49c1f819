import { dirname } from 'node:path';
import { type Isolation, type LaunchRequest, sessionEnvironment } from '../isolation.js';
import { INNER_USER, OWN_FILES, sandboxOptions } from './arguments.js';
import { findProgram } from './programs.js';
import { systemCallFilter } from './system-call-filter.js';
import { asSessionUser, insideNamespace, leaveNamespace } from './user-drop.js';
import { canDisableUserNamespaces } from './version.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * PID 1 of a sandbox: a shell that waits for the command and, as a shell does, for every orphan that becomes its
 * child. It is silent: what it would say of a killed command belongs to nobody's output.
 */
const INIT = ['/bin/sh', '-c', 'exec 9>&2 2>/dev/null; (exec 2>&9 9>&-; exec "$@"); exit $?', 'init'];

/**
 * Processes of an unprivileged user in namespaces of their own, which see the system read-only and, of the rest,
 * only the session's files. The service's root never runs one: each session has a user of its own then.
 */
export const bubblewrap: Isolation = {
  driver: 'local',
  ownsProcesses: true,
  separatesUsers: process.geteuid?.() === 0,
  networks: ['none'],
  sessionDir: () => '/session',
  launch: async (request) => {
    const { files, argv, user, spareFd } = request;
    const sandbox = [findProgram('bwrap') ?? 'bwrap', '--args', String(spareFd), '--', ...INIT, ...argv];
    const [file = '', ...args] =
      user === undefined ? sandbox : await asSessionUser(dirname(dirname(files)), user, sandbox);
    // The session's variables are for inside. In the environment of bwrap itself they could change what it does,
    // outside of the sandbox (LD_PRELOAD), and in its arguments every user of the machine could read them.
    return { file, args, cwd: '/', env: {}, spareInputs: spareInputs(request) };
  },
  leave: leaveNamespace,
};

/** What bwrap reads from its descriptors: its options, the filter, the files of its own. */
function spareInputs({ files, env, user, spareFd, holdFd, memoryMb }: LaunchRequest): (string | Buffer)[] {
  const options = [
    ...sandboxOptions(
      user === undefined ? files : insideNamespace(files),
      spareFd + 1,
      spareFd + 2,
      memoryMb,
    ),
    ...(holdFd === undefined ? [] : ['--block-fd', String(holdFd)]),
    ...(canDisableUserNamespaces() ? ['--disable-userns'] : []),
    ...Object.entries(sessionEnvironment('/session', PATH, INNER_USER.name, env)).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ]),
  ];
  const filter = systemCallFilter() ?? Buffer.alloc(0);
  return [
    options.map((option) => `${option}\0`).join(''),
    filter,
    ...OWN_FILES.map(({ content }) => content),
  ];
}
