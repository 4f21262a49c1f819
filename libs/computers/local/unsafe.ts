import { userInfo } from 'node:os';
import { type Isolation, sessionEnvironment } from './isolation.js';

/** Plain processes of the service's own user. Nothing keeps a command inside the session's folder. */
export const unsafe: Isolation = {
  driver: 'local-unsafe',
  ownsProcesses: false,
  separatesUsers: false,
  networks: ['egress'],
  sessionDir: (files) => files,
  launch: async ({ files, argv, env, holdFd }) => {
    const [file = 'true', ...args] = holdFd === undefined ? argv : [...waitFor(holdFd), ...argv];
    return {
      file,
      args,
      cwd: files,
      env: sessionEnvironment(files, process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', userName(), env),
      spareInputs: [],
    };
  },
};

/** A program that becomes the command in its arguments when a descriptor has nothing more to read. */
function waitFor(fd: number): string[] {
  return ['/bin/sh', '-c', `read -r _ <&${fd}; unset _; exec ${fd}<&-; exec "$@"`, 'sh'];
}

/** In a container, the number of a user need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'user');
  }
}
