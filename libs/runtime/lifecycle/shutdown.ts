import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';

/** Ends a service in an orderly way: what was set up last is torn down first. */
export interface Shutdown {
  /**
   * Adds a step, named for the log. One that takes longer than `deadlineMs` (default 5000) is left behind. A step
   * added while the shutdown runs, by a start that it overtook, still runs.
   */
  register(name: string, step: () => Promise<void> | void, deadlineMs?: number): void;
  /** Runs all steps, once; later calls wait for the same run. Resolves to the names of the steps that failed. */
  run(reason: string): Promise<string[]>;
  /** Aborted when a shutdown begins, for a start that has not come far enough to register a step. */
  begun: AbortSignal;
  /** Resolves when a shutdown, whoever began it, is over. */
  finished: Promise<string[]>;
  /** Stops listening to signals. A finished shutdown has done so. */
  dispose(): void;
}

const DEFAULT_DEADLINE_MS = 5000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

interface Step {
  name: string;
  step: () => Promise<void> | void;
  deadlineMs: number;
}

/** A shutdown that begins at SIGTERM, SIGINT or a call of `run`. It does not end the process; its owner does. */
export function createShutdown(logger: Logger, signalSource: NodeJS.EventEmitter = process): Shutdown {
  const steps: Step[] = [];
  const begin = new AbortController();
  const { promise: finished, resolve: finish } = Promise.withResolvers<string[]>();
  let state: 'waiting' | 'running' | 'finished' = 'waiting';

  const onSignal = (signal: string) => void run(signal);
  const dispose = () => SIGNALS.forEach((signal) => signalSource.off(signal, onSignal));
  SIGNALS.forEach((signal) => signalSource.on(signal, onSignal));

  async function run(reason: string): Promise<string[]> {
    if (state !== 'waiting') return finished;
    state = 'running';
    logger.info({ reason }, 'shutting down');
    begin.abort();
    const failed: string[] = [];
    for (let next = steps.pop(); next; next = steps.pop()) {
      if (!(await runStep(next, logger))) failed.push(next.name);
    }
    state = 'finished';
    dispose();
    logger.info({ failed }, 'shut down');
    finish(failed);
    return finished;
  }

  return {
    register(name, step, deadlineMs = DEFAULT_DEADLINE_MS) {
      if (state === 'finished') void runStep({ name, step, deadlineMs }, logger);
      else steps.push({ name, step, deadlineMs });
    },
    run,
    begun: begin.signal,
    finished,
    dispose,
  };
}

async function runStep({ name, step, deadlineMs }: Step, logger: Logger): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([(async () => step())(), deadline]);
    return true;
  } catch (error) {
    logger.error({ step: name, error: messageOf(error) }, 'a shutdown step failed');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
