import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';

/** Of root sessions: nobody answers what an installation asks. */
export const ROOT_ENV = { DEBIAN_FRONTEND: 'noninteractive' };
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ROOT = { PATH, HOME: '/root', USER: 'root', ...ROOT_ENV };
/** Without root, npm and pip install into the home, from where programs are found as well. */
const AGENT = {
  PATH: `/session/.local/bin:${PATH}`,
  HOME: '/session',
  USER: 'agent',
  NPM_CONFIG_PREFIX: '/session/.local',
};

export interface ProcessSpec {
  argv: string[];
  env?: Record<string, string>;
  root?: boolean;
  stdin: boolean;
}

/**
 * Starts a process in a running container, in the session's folder. Its streams come multiplexed. A program without a
 * path is one of ours: it is looked for where no session without root can put another one of its name.
 */
export async function startProcess(container: Docker.Container, spec: ProcessSpec): Promise<Duplex> {
  const exec = await container.exec({
    Cmd: spec.argv[0]?.startsWith('/') ? spec.argv : ['/usr/bin/env', `PATH=${PATH}`, ...spec.argv],
    User: userOf(spec.root),
    WorkingDir: '/session',
    Env: environment(spec),
    AttachStdin: spec.stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  });
  return exec.start({ hijack: true, stdin: spec.stdin });
}

function userOf(root: boolean | undefined): string {
  return root ? '0:0' : '1000:1000';
}

/** The environment is part of the process only: the engine keeps it in memory while the process runs. */
function environment({ env, root }: ProcessSpec): string[] {
  const complete = {
    ...(root ? ROOT : AGENT),
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    ...env,
    SESSION_DIR: '/session',
  };
  return environmentLines(complete);
}

/** As the engine takes an environment. */
export function environmentLines(env: Record<string, string>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
