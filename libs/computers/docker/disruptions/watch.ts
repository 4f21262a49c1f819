import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ComputerInfo, Computers } from '../../computer.js';
import { reasonOf } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { LABELS } from '../engine/naming.js';

type Listener = Parameters<Computers['watch']>[0];

export interface Watched {
  engine: Engine;
  /** The computer as it is when nothing is being done to it any more. */
  settled(sessionId: string): Promise<ComputerInfo | undefined>;
  list(): Promise<ComputerInfo[]>;
}

const event = z.object({
  Action: z.enum(['die', 'oom', 'pause']),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
});
type Action = z.infer<typeof event>['Action'];

/** One moment of want kills several processes, and the engine's state follows its events. */
const SETTLE_MS = 100;
const RETRY_MS = { first: 100, most: 5_000 };

/** Follows the engine's events until the signal aborts, also over the engine's own restarts. */
export async function watchEngine(watched: Watched, listener: Listener, signal: AbortSignal): Promise<void> {
  const { logger } = watched.engine;
  let retryMs = RETRY_MS.first;
  for (let lost = false; !signal.aborted; lost = true) {
    try {
      await follow(watched, { lost, listener, signal }, () => (retryMs = RETRY_MS.first));
    } catch (error) {
      if (!lost && !signal.aborted)
        logger?.warn({ reason: reasonOf(error) }, 'the engine’s events are lost; trying again');
    }
    await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
    retryMs = Math.min(2 * retryMs, RETRY_MS.most);
  }
}

interface Following {
  /** There were events before: what happened meanwhile is to be asked for. */
  lost: boolean;
  listener: Listener;
  signal: AbortSignal;
}

async function follow(
  watched: Watched,
  { lost, listener, signal }: Following,
  onOpen: () => void,
): Promise<void> {
  const { docker, home } = watched.engine;
  const filters = {
    type: ['container' as const],
    event: ['die', 'oom', 'pause'],
    label: [LABELS.session, `${LABELS.home}=${home}`],
  };
  const options = { filters, since: Date.now() / 1000, abortSignal: signal };
  const stream = await docker.getEvents(options);
  onOpen();
  if (lost) await tellOfRestart(watched, listener);
  const pending = new Map<string, Action>();
  const lines = createInterface({ input: stream }).on('line', (line) => {
    const { Action: action, Actor: actor } = parseEvent(line) ?? {};
    const sessionId = actor?.Attributes[LABELS.session];
    if (!action || sessionId === undefined) return;
    // An end says more than what came just before it.
    if (action === 'die' || !pending.has(sessionId)) {
      if (!pending.has(sessionId)) void tellSoon(watched, sessionId, pending, listener, signal);
      pending.set(sessionId, action);
    }
  });
  // An engine that goes away breaks the stream or ends it; both end the lines.
  stream.on('error', () => lines.close());
  await once(lines, 'close');
}

/** Undefined for a line that a dying engine left unfinished. */
function parseEvent(line: string): z.infer<typeof event> | undefined {
  try {
    return event.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

async function tellSoon(
  watched: Watched,
  sessionId: string,
  pending: Map<string, Action>,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  await delay(SETTLE_MS, undefined, { ref: false });
  const action = pending.get(sessionId);
  pending.delete(sessionId);
  try {
    const info = await watched.settled(sessionId);
    if (signal.aborted || info === undefined) return;
    if (info.disrupted) return listener(sessionId, { ...info.disrupted, running: false });
    if (action === 'oom' && info.running) listener(sessionId, { ...PROCESS_KILLED, running: true });
  } catch (error) {
    const fields = { session_id: sessionId, reason: reasonOf(error) };
    watched.engine.logger?.warn(fields, 'what happened to a computer cannot be told');
  }
}

const PROCESS_KILLED = {
  reason: 'out_of_memory',
  detail: 'The computer reached its memory limit; a program in it was killed.',
} as const;

/** The engine remembers no events from before its start. */
async function tellOfRestart(watched: Watched, listener: Listener): Promise<void> {
  for (const { sessionId, disrupted } of await watched.list()) {
    if (disrupted?.reason === 'engine_restarted') listener(sessionId, { ...disrupted, running: false });
  }
}
