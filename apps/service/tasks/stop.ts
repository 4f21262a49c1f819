import { setTimeout as delay } from 'node:timers/promises';
import { findHomeOwner, identifyProcess, loadConfig, openHome, RuntimeError } from '#runtime';
import type { TaskOutput } from './task.js';

const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 50;

/**
 * `stop`: ends the process that has this home, which may be one that is still starting and has not said yet how to
 * reach it. The result names its pid, or null when no process has the home.
 * @throws RuntimeError `stop_timed_out`
 */
export async function stopTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await openHome(loadConfig({ env }).home);
  const pid = await findHomeOwner(home);
  if (pid === undefined) return output.result({ pid: null });
  const identity = await identifyProcess(pid);
  if (identity !== undefined) process.kill(pid, 'SIGTERM');
  const end = Date.now() + STOP_DEADLINE_MS;
  while (identity !== undefined && (await identifyProcess(pid)) === identity) {
    if (Date.now() > end) throw stillRuns(pid);
    await delay(POLL_MS);
  }
  output.result({ pid });
}

function stillRuns(pid: number): RuntimeError {
  const message = `Process ${pid} still runs after ${STOP_DEADLINE_MS / 1000} s. See what it does with raworc logs, or end it: kill -9 ${pid}. Nothing acknowledged is lost.`;
  return new RuntimeError('stop_timed_out', message);
}
