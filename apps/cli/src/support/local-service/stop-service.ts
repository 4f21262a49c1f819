import { CliError } from '../errors/cli-error.js';
import { stopContainers } from './containers.js';
import { findRunningService, stopProcess } from './service-process.js';

const STOP_DEADLINE_MS = 30_000;

export interface StopResult {
  stopped: boolean;
  /** Null when nothing ran, or when it ran in containers. */
  pid: number | null;
}

/** Stops the service of a home, as a process or in containers, and waits until it is gone. */
export async function stopService(home: string): Promise<StopResult> {
  const inContainers = await stopContainers(home);
  const service = await findRunningService(home);
  if (service === undefined) return { stopped: inContainers, pid: null };
  if (await stopProcess(service, STOP_DEADLINE_MS)) return { stopped: true, pid: service.pid };
  throw new CliError(
    'stop_timed_out',
    `Process ${service.pid} still runs after ${STOP_DEADLINE_MS / 1000} s.`,
    {
      hint: `See what it does with raworc logs, or end it: kill -9 ${service.pid}. Nothing acknowledged is lost.`,
    },
  );
}
