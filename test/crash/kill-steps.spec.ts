import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '#domain';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { eventually } from '../support/eventually.js';
import { brokenRules } from './invariants.js';

const MAIN = resolve(import.meta.dirname, '../../dist/apps/service/main.js');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'dying-process.ts')).href;
/** Kept beside its event. */
const LARGE = 'x'.repeat(100_000);
/** Kills of each story. */
const SAMPLES = 2;
const all = process.env['RAWORC_ALL_STEPS'] === '1';
const seed = Number(process.env['RAWORC_CRASH_SEED'] ?? Math.floor(Math.random() * 1_000_000));

interface Session {
  id: string;
  state: string;
}

interface Target {
  id: string;
  /** Of the request: whoever got no answer sends it again under the same one. */
  key: string;
}

/** Something that is killed at each of its steps. */
interface Story {
  name: string;
  /** Steps that it surely takes. */
  takes: string[];
  prepare(): Promise<string>;
  /** What a client does, and does again after the restart, until it is answered. */
  act(target: Target): Promise<unknown>;
  /** Holds when nothing is left to do. */
  isDone(target: Target): Promise<boolean>;
}

describe('the built service, killed at a step', () => {
  let nats: TestNats;
  let log: JetStreamStore;
  let model: ScriptedModel;
  let folder: string;
  let home: string;
  let lives = 0;
  let life: { service: ChildProcess; ended: Promise<unknown>; stepsFile: string };
  const bash = (command: string) => ({ type: 'tool_use' as const, name: 'bash', input: { command } });
  const end = [{ type: 'text' as const, text: 'Done.' }];

  beforeAll(async () => {
    nats = await startTestNats();
    log = await openJetStreamStore(await nats.connection());
    model = await startScriptedModel([
      {
        lastUserText: /wait/,
        replies: [[bash('until [ -e go ]; do sleep 0.01; done; echo two > data/two')], end],
      },
      { replies: [[bash('echo one > data/one')], end] },
    ]);
    folder = await mkdtemp(join(tmpdir(), 'raworc-killed-'));
    home = join(folder, 'home');
  });
  afterAll(async () => {
    life.service.kill('SIGTERM');
    await life.ended;
    log.close();
    await model.stop();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function begin(): Promise<void> {
    const stepsFile = join(folder, `steps-${++lives}`);
    await writeFile(stepsFile, '');
    await rm(join(home, 'service.json'), { force: true });
    const env = {
      ...process.env,
      RAWORC_HOME: home,
      RAWORC_PORT: '0',
      RAWORC_COMPUTERS: 'local-unsafe',
      RAWORC_TIMEOUT_SECONDS: '0',
      RAWORC_LOG_LEVEL: 'warn',
      RAWORC_NATS_URL: nats.url.replace('://', `://${nats.user}:${nats.pass}@`),
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'k',
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      DYING_STEPS: stepsFile,
      DYING_FOLDER: join(home, 'computers'),
    };
    const service = spawn(process.execPath, ['--no-warnings', `--import=${PRELOAD}`, MAIN], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    life = { service, ended: once(service, 'exit'), stepsFile };
    await eventually(async () => existsSync(join(home, 'service.json')));
  }

  /** From now on steps count, beginning with 1; at one of them the life ends. */
  async function arm(death: number): Promise<void> {
    const arms = (): number => readFileSync(life.stepsFile, 'utf8').split('armed\n').length;
    const before = arms();
    await writeFile(`${life.stepsFile}.death`, String(death));
    life.service.kill('SIGUSR2');
    await eventually(async () => arms() > before);
  }

  function steps(): string[] {
    const since = readFileSync(life.stepsFile, 'utf8').split('armed\n').at(-1) ?? '';
    return since.split('\n').filter((name) => name !== '');
  }

  async function send(method: string, path: string, body?: object, key: string = randomUUID()) {
    const { url } = JSON.parse(await readFile(join(home, 'service.json'), 'utf8')) as { url: string };
    const token = (await readFile(join(home, 'token'), 'utf8')).trim();
    const answer = await fetch(`${url}/api/v0/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(method === 'GET' ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await answer.text();
    return { status: answer.status, reply: (text === '' ? undefined : JSON.parse(text)) as unknown };
  }

  async function must<T>(...request: Parameters<typeof send>): Promise<T> {
    const { status, reply } = await send(...request);
    if (status >= 300) throw new Error(`${request[0]} ${request[1]}: ${status} ${JSON.stringify(reply)}`);
    return reply as T;
  }

  async function createSession(): Promise<string> {
    const body = { instructions: LARGE, secrets: { TOKEN: 'swordfish' } };
    return (await must<Session>('POST', 'sessions?wait=idle', body)).id;
  }

  const typesOf = async (id: string): Promise<string[]> =>
    (await log.store.read(id)).map(({ event }) => event.type);

  const stories: Story[] = [
    {
      name: 'an erase',
      takes: [
        'publish raworc.sessions',
        'publish $JS.API.STREAM.PURGE',
        'publish $KV.RAWORC_KEYS',
        'fs.rename',
        'run rm',
      ],
      prepare: createSession,
      async act({ id, key }) {
        const { status } = await send('DELETE', `sessions/${id}?erase=true`, undefined, key);
        // Of one that is erased there is nothing left to erase.
        expect([200, 204, 404]).toContain(status);
      },
      async isDone({ id }) {
        const { items } = await log.store.kept(0, 1_000);
        const keepsNothing = items.every(({ sessionId }) => sessionId !== id);
        const discarded = join(home, 'computers/.discarded');
        const hasNoFiles = !existsSync(join(home, 'computers', id)) && readdirSync(discarded).length === 0;
        const types = await typesOf(id);
        return (
          keepsNothing &&
          hasNoFiles &&
          types.join() === 'session.erased' &&
          (await log.keys.get(id)) === undefined
        );
      },
    },
    {
      name: 'a remix',
      takes: [
        'publish raworc.sessions',
        'publish $KV.RAWORC_CLAIMS',
        'publish $KV.RAWORC_KEYS',
        'publish $KV.RAWORC_NAMES',
        'fs.mkdir',
        'publish $JS.ACK',
      ],
      async prepare() {
        const id = await createSession();
        await must('POST', `sessions/${id}/messages?wait=reply`, { content: 'work' });
        await eventually(async () => (await typesOf(id)).at(-1) === 'files.snapshotted');
        return id;
      },
      act: ({ id, key }) => must('POST', `sessions/${id}/remix?wait=idle`, {}, key),
      async isDone({ id, key }) {
        const remix = await must<Session>('POST', `sessions/${id}/remix?wait=idle`, {}, key);
        const file = join(home, 'computers', remix.id, 'files/data/one');
        return (await readFile(file, 'utf8').catch(() => '')) === 'one\n';
      },
    },
    {
      name: 'the end of a turn, and keeping its files',
      takes: ['publish raworc.sessions', 'fs.rename', 'publish $JS.ACK'],
      async prepare() {
        const id = await createSession();
        await must('POST', `sessions/${id}/messages`, { content: 'wait' });
        await eventually(async () => (await typesOf(id)).includes('tool.started'));
        return id;
      },
      act: ({ id }) => writeFile(join(home, 'computers', id, 'files/go'), ''),
      async isDone({ id }) {
        const types = await typesOf(id);
        return types.includes('turn.completed') && types.at(-1) === 'files.snapshotted';
      },
    },
  ];

  /** Until nothing is left to do, or the service has died. */
  async function takeSteps(story: Story, death = 0): Promise<{ target: Target; taken: string[] }> {
    const target = { id: await story.prepare(), key: randomUUID() };
    await arm(death);
    const { ended } = life;
    const finished = finish(story, target);
    // The request breaks when the service dies.
    await Promise.race([ended, finished.catch(() => ended)]);
    return { target, taken: steps() };
  }

  async function finish(story: Story, target: Target): Promise<void> {
    await story.act(target);
    await eventually(() => story.isDone(target));
  }

  /** Also what the steps of others have led to, such as the computers that a start finds. */
  async function keepsEveryRule(): Promise<void> {
    const problems = async () => brokenRules(await wholeLog(), { acknowledged: new Map() });
    const deadline = performance.now() + 20_000;
    while ((await problems()).length > 0 && performance.now() < deadline) await delay(50);
    expect(await problems()).toEqual([]);
  }

  async function wholeLog(): Promise<EventEnvelope[]> {
    const { signal } = new AbortController();
    const events: EventEnvelope[] = [];
    for await (const page of log.store.scan({ after: 0, signal })) {
      for (const { event } of page) events.push(event);
    }
    return events;
  }

  function sample(steps: readonly string[]): number[] {
    const numbers = steps.map((_, index) => index + 1);
    if (all) return numbers;
    let state = seed;
    const dice = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    // One from each part, so that the whole way is covered.
    const part = steps.length / SAMPLES;
    return Array.from({ length: SAMPLES }, (_, index) => Math.floor((index + dice()) * part) + 1);
  }

  it(
    'keeps every rule of its log and finishes what was asked of it',
    async () => {
      process.stdout.write(`RAWORC_CRASH_SEED=${seed}\n`);
      await begin();
      const kills: { story: Story; death: number; of: number }[] = [];
      for (const story of stories) {
        const { taken } = await takeSteps(story);
        expect(taken).toEqual(expect.arrayContaining(story.takes));
        kills.push(...sample(taken).map((death) => ({ story, death, of: taken.length })));
      }
      for (const { story, death, of } of kills) {
        const { target, taken } = await takeSteps(story, death);
        // A step that was not taken this time: then after the last one.
        life.service.kill('SIGKILL');
        await life.ended;
        await begin();
        await finish(story, target);
        await keepsEveryRule();
        process.stdout.write(`${story.name}: killed before step ${death} of ${of}, ${taken.at(-1)}\n`);
      }
    },
    all ? 3_600_000 : 120_000,
  );
});
