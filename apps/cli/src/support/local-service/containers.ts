import { CliError } from '../errors/cli-error.js';
import { readContainersFile, type ContainersFile } from '../location/home.js';
import { isHealthy } from './service-process.js';
import { runServiceTask } from './service-task.js';

export interface StartedContainers extends ContainersFile {
  already_running: boolean;
}

/** Brings the home's service up in containers and waits until it is healthy. */
export async function startInContainers(
  home: string,
  port: number | undefined,
  onStep: (step: string) => void,
): Promise<StartedContainers> {
  const running = readContainersFile(home);
  if (running !== undefined && (await isHealthy(home))) return { ...running, already_running: true };
  const env = port === undefined ? {} : { RAWORC_PORT: String(port) };
  const started = await runServiceTask<ContainersFile>(['containers', 'up'], { onStep, env });
  return { ...started, already_running: false };
}

/** Stops and removes the service's containers. False when the home's service does not run in containers. */
export async function stopContainers(home: string): Promise<boolean> {
  if (readContainersFile(home) === undefined) return false;
  return (await runServiceTask<{ stopped: boolean }>(['containers', 'down'])).stopped;
}

/** For a service that should answer and does not. */
export function containersDoNotAnswer({ url }: ContainersFile): CliError {
  return new CliError('server_unreachable', `Raworc runs in containers, but does not answer at ${url}.`, {
    exit: 2,
    hint: 'See why: docker logs raworc_server --tail 50. To begin anew: raworc stop, then raworc start --docker.',
  });
}
