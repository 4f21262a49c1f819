import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Config, Home } from '#runtime';

const SOCKET = '/var/run/docker.sock';
const PROGRAMS = ['docker', 'dockerd'];

/** Whether sessions of a home may have containers on an engine that does not answer: it is named, wanted or installed. */
export function mayHaveContainers(
  { root }: Pick<Home, 'root'>,
  { computers }: Pick<Config, 'computers'>,
  env: NodeJS.ProcessEnv,
  socket = SOCKET,
): boolean {
  if (env.DOCKER_HOST || computers === 'docker') return true;
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const programs = folders.flatMap((folder) => PROGRAMS.map((program) => join(folder, program)));
  // The last is there once a service of this home has run in containers.
  return [socket, ...programs, join(root, 'containers.settings.json')].some((path) => existsSync(path));
}
