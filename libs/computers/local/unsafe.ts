import { userInfo } from 'node:os';
import { type Isolation, sessionEnvironment } from './isolation.js';

/** Plain processes of the service's own user. Nothing keeps a command inside the session's folder. */
export const unsafe: Isolation = {
  driver: 'local-unsafe',
  ownsProcesses: false,
  separatesUsers: false,
  networks: ['egress'],
  sessionDir: (files) => files,
  launch: ({ files, argv, env }) => ({
    file: argv[0] ?? 'true',
    args: argv.slice(1),
    cwd: files,
    env: sessionEnvironment(files, process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', userName(), env),
    spareInputs: [],
  }),
};

/** In a container, the number of a user need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'user');
  }
}
