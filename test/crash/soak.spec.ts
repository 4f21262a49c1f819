import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '#domain';
import { startMessagesServer, type MessagesServer } from '#stand-in';
import { natsServerOf, serviceOf } from '../support/events.js';
import { openShell, type UserShell } from '../support/shell.js';
import { brokenRules } from './invariants.js';

const SESSIONS = 4;
const STEPS_EACH = 25;
const REST_WITHIN_MS = 60_000;
/** The step of the first session at which something is killed. */
const KILLS = [
  { step: 6, what: 'service' },
  { step: 12, what: 'nats-server' },
  { step: 18, what: 'service' },
] as const;

interface Listed {
  id: string;
  state: string;
}

/** A bounded mix of everything that people do, in parallel, while parts of the service are killed. */
describe('a service that is used and killed', () => {
  let model: MessagesServer;
  let shell: UserShell;
  beforeEach(async () => {
    model = await startMessagesServer({ answer: ({ body }) => ({ content: answerTo(body.messages) }) });
    shell = await openShell({ ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'k' });
    await shell.json('raworc api sessions');
  });
  afterEach(async () => {
    await shell.dispose();
    await model.stop();
  });

  /** Sends a request until it is answered: a key makes that safe while the service is away. */
  async function call<T>(method: string, path: string, body?: object): Promise<{ status: number; reply: T }> {
    const key = randomUUID();
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        const { url } = await serviceOf(shell);
        const token = (await readFile(join(shell.home, 'token'), 'utf8')).trim();
        const headers = {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'GET' ? {} : { 'idempotency-key': key }),
        };
        const answer = await fetch(`${url}/api/v0/${path}`, {
          method,
          headers,
          body: body && JSON.stringify(body),
          signal: AbortSignal.timeout(20_000),
        });
        const text = await answer.text();
        if (answer.status < 500)
          return { status: answer.status, reply: (text === '' ? null : JSON.parse(text)) as T };
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      if (performance.now() > deadline) throw new Error(`${method} ${path} was never answered`);
      await delay(50);
    }
  }

  async function kill(what: 'service' | 'nats-server'): Promise<void> {
    if (what === 'nats-server') return void process.kill(await natsServerOf(shell), 'SIGKILL');
    process.kill((await serviceOf(shell)).pid, 'SIGKILL');
    await shell.json('raworc api sessions');
  }

  it('keeps every rule of its log', async () => {
    const seed = Number(process.env['RAWORC_SOAK_SEED'] ?? 1);
    const acknowledged = new Map<string, Set<string>>();
    const create = async () => {
      const { reply } = await call<Listed>('POST', 'sessions', { timeout_seconds: 0 });
      return reply.id;
    };

    async function use(number: number): Promise<void> {
      const random = generator(seed * 100 + number);
      let id = await create();
      for (let step = 0; step < STEPS_EACH; step++) {
        const planned = number === 0 ? KILLS.find((one) => one.step === step) : undefined;
        if (planned !== undefined) await kill(planned.what);
        id = await act(id, random, `${number}-${step}`);
      }
    }

    async function act(id: string, random: () => number, mark: string): Promise<string> {
      const dice = random();
      if (dice < 0.5) {
        const { status, reply } = await call<{ id: string }>('POST', `sessions/${id}/messages`, {
          content: mark,
        });
        if (status === 201) setOf(acknowledged, id).add(reply.id);
      } else if (dice < 0.6) await call('POST', `sessions/${id}/interrupt`);
      else if (dice < 0.7) await call('POST', `sessions/${id}/close`);
      else if (dice < 0.78) await call('POST', `sessions/${id}/restore`);
      else if (dice < 0.86) await call('PATCH', `sessions/${id}`, { metadata: { mark } });
      else if (dice < 0.92) {
        const { status, reply } = await call<Listed>('POST', `sessions/${id}/remix`, {});
        if (status === 201) return reply.id;
      } else if (dice < 0.96) await call('PUT', `sessions/${id}/state`, { state: 'idle' });
      else {
        await call('DELETE', `sessions/${id}?erase=${dice > 0.98}`);
        return create();
      }
      return id;
    }

    await Promise.all(Array.from({ length: SESSIONS }, (_, number) => use(number)));

    const log = await logAtRest();
    expect({ seed, broken: brokenRules(log, { acknowledged }) }).toEqual({ seed, broken: [] });
    expect(log.filter(({ type }) => type === 'turn.completed').length).toBeGreaterThan(SESSIONS);
    expect(acknowledged.size).toBeGreaterThan(SESSIONS);
    expect(marksOf(log)).toEqual([...new Set(marksOf(log))]);
  }, 180_000);

  /** The whole log, as soon as all sessions have done what they were asked to, or after a deadline as it is then. */
  async function logAtRest(): Promise<EventEnvelope[]> {
    const deadline = performance.now() + REST_WITHIN_MS;
    for (;;) {
      const { reply: log } = await call<EventEnvelope[]>('GET', 'events');
      const done = brokenRules(log, { acknowledged: new Map() }).length === 0;
      if (done || performance.now() > deadline) return log;
      await delay(100);
    }
  }
});

/** Each message makes Host write its mark into a file and read the file back: what ran twice stands there twice. */
function answerTo(messages: { role: string; content: unknown }[]) {
  const last = messages.at(-1);
  const text = JSON.stringify(last?.content ?? '');
  const mark = /\b(\d+-\d+)\b/.exec(text)?.[1];
  if (text.includes('tool_result') || mark === undefined) return [{ type: 'text', text: 'Done.' }];
  const command = `echo ran ${mark} >> code/marks; sleep 0.0$((RANDOM % 9)); cat code/marks`;
  return [{ type: 'tool_use', id: `toolu_${randomUUID()}`, name: 'bash', input: { command } }];
}

/** The longest list of marks that a tool printed in each session, each mark with its session. */
function marksOf(log: readonly EventEnvelope[]): string[] {
  const longest = new Map<string, string[]>();
  for (const event of log) {
    if (event.type !== 'tool.completed' || typeof event.data.content !== 'string') continue;
    const marks = event.data.content.match(/^ran \d+-\d+$/gm) ?? [];
    if (marks.length > (longest.get(event.subject)?.length ?? 0)) longest.set(event.subject, marks);
  }
  return [...longest].flatMap(([id, marks]) => marks.map((mark) => `${id} ${mark}`));
}

/** A small generator of numbers from 0 to 1: the same seed does the same again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const found = sets.get(key) ?? new Set<string>();
  sets.set(key, found);
  return found;
}
