import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ServerProcess } from './server-process.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** A server that lived this long had started well: the next restart is quick again. */
const STEADY_AFTER_MS = 10_000;

export type SupervisorStatus = 'running' | 'restarting' | 'stopped';

export interface Supervisor {
  readonly status: SupervisorStatus;
  /** Of the process that runs now, or of the last one that did. */
  readonly pid: number;
  /** Ends the process, so that it is launched again at once; for a fault that only a new process is free of. */
  restart(reason: string): Promise<void>;
  /** Ends the process and its restarts. */
  stop(): Promise<void>;
}

export interface SupervisorEvents {
  /** The process ended by itself; it is being started again. */
  onExit?: (reason: string) => void;
  /** It runs again. */
  onRestart?: () => void;
}

/** Keeps a process running: when it ends by itself it is launched again, after waits that grow, and without end. */
export function supervise(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  logger: Logger,
  { onExit, onRestart }: SupervisorEvents = {},
): Supervisor {
  const stopping = new AbortController();
  let current = first;
  let status: SupervisorStatus = 'running';
  let waitMs = FIRST_WAIT_MS;
  let wanted: string | undefined;

  const loop = keepRunning();

  async function keepRunning(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      const reason = await current.exited;
      if (stopping.signal.aborted) return;
      status = 'restarting';
      if (wanted === undefined) {
        logger.error({ nats_pid: current.pid, reason }, 'nats-server ended unexpectedly; starting it again');
      } else {
        logger.warn({ nats_pid: current.pid, reason: wanted }, 'nats-server is started again');
        wanted = undefined;
      }
      onExit?.(reason);
      if (Date.now() - startedAt > STEADY_AFTER_MS) waitMs = FIRST_WAIT_MS;
      await relaunch();
    }
  }

  async function relaunch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      if (stopping.signal.aborted) return;
      try {
        current = await launch();
        status = 'running';
        logger.info({ nats_pid: current.pid }, 'nats-server runs again');
        onRestart?.();
        return;
      } catch (error) {
        logger.error({ error: messageOf(error), next_attempt_ms: waitMs }, 'nats-server did not start again');
      }
    }
  }

  return {
    get status() {
      return status;
    },
    get pid() {
      return current.pid;
    },
    async restart(reason) {
      if (status !== 'running') return;
      wanted = reason;
      await current.stop();
    },
    async stop() {
      stopping.abort();
      await current.stop();
      await loop;
      // A launch that was under way when we stopped has made another one.
      await current.stop();
      status = 'stopped';
    },
  };
}
