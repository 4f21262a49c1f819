import { readdirSync } from 'node:fs';
import { CliError } from '../errors/cli-error.js';
import { stopContainers } from './containers.js';
import { findRunningService, stopProcess } from './service-process.js';
import { runServiceTask } from './service-task.js';

const STOP_DEADLINE_MS = 30_000;

export interface StopResult {
  stopped: boolean;
  /** Null when nothing ran, or when it ran in containers. */
  pid: number | null;
}

/** Stops the service of a home, as a process or in containers, and waits until it is gone; also one that starts. */
export async function stopService(home: string): Promise<StopResult> {
  const inContainers = await stopContainers(home);
  const service = await findRunningService(home);
  if (service === undefined) {
    const pid = await stopStarting(home);
    return { stopped: inContainers || pid !== null, pid };
  }
  if (await stopProcess(service, STOP_DEADLINE_MS)) return { stopped: true, pid: service.pid };
  throw new CliError(
    'stop_timed_out',
    `Process ${service.pid} still runs after ${STOP_DEADLINE_MS / 1000} s.`,
    {
      hint: `See what it does with raworc logs, or end it: kill -9 ${service.pid}. Nothing acknowledged is lost.`,
    },
  );
}

/** A service that is still starting has the home's lock, and has not said yet how to reach it. */
async function stopStarting(home: string): Promise<number | null> {
  if (!isLocked(home)) return null;
  return (await runServiceTask<{ pid: number | null }>(['stop'])).pid;
}

/** Whether a service has ever locked this home; whether it still has it is the service's program to tell. */
function isLocked(home: string): boolean {
  try {
    return readdirSync(home).some((name) => name.startsWith('service.lock.'));
  } catch {
    return false;
  }
}
