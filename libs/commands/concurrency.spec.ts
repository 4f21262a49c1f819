import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogError, type EventStore } from '#event-store';
import { systemIds } from '#runtime';
import {
  CompleteTool,
  InterruptTurn,
  PostMessage,
  RecordResponse,
  ReportComputerStarted,
  SessionRepository,
  StartTool,
  StartTurn,
  UpdateSession,
} from './index.js';
import { startCommands, user, type CommandsKit } from './testing/commands-kit.js';

const started = {
  driver: 'd',
  node: 'n',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created' as const,
};

describe('writers of one session at the same time', () => {
  let kit: CommandsKit;
  beforeEach(async () => {
    kit = await startCommands();
  });
  afterEach(() => kit.stop());

  it('all have their messages accepted, in the order in which they came', async () => {
    const { sessionId } = await kit.create();
    const contents = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    await Promise.all(
      contents.map((content) => kit.bus.execute(new PostMessage(sessionId, { content, metadata: {} }, user))),
    );
    const posted = (await kit.history(sessionId)).filter((event) => event.type === 'message.posted');
    expect(posted.map(({ data }) => data.content)).toEqual(contents);
  });

  it('do not cost Host a step, nor an interrupt its effect', async () => {
    const { sessionId } = await kit.create({ prompt: 'go' });
    await kit.bus.execute(new ReportComputerStarted(sessionId, started, user));
    const { state } = await kit.sessions.load(sessionId);
    await kit.bus.execute(
      new StartTurn(sessionId, { turnId: 't', messageIds: state.pendingMessageIds }, user),
    );
    const turn = new AbortController();
    const others = Array.from({ length: 8 }, (_, writer) =>
      renameUntil(turn.signal, new SessionRepository(kit.store, systemIds), sessionId, writer),
    );
    for (let step = 0; step < 20; step++) await useTool(kit, sessionId, `use-${step}`);
    const { events } = await kit.bus.execute(new InterruptTurn(sessionId, {}, user));
    turn.abort();
    await Promise.all(others);
    expect(events.map(({ type }) => type)).toEqual(['turn.interrupted']);
    const completed = (await kit.history(sessionId)).filter(({ type }) => type === 'tool.completed');
    expect(completed).toHaveLength(20);
  });

  it('read only what is new after a conflict', async () => {
    const { sessionId } = await kit.create();
    for (let n = 0; n < 5; n++) {
      await kit.bus.execute(new PostMessage(sessionId, { content: `${n}`, metadata: {} }, user));
    }
    const reads: number[] = [];
    const counting: EventStore = Object.assign(Object.create(kit.store) as EventStore, {
      async *scan(options: Parameters<EventStore['scan']>[0]) {
        for await (const events of kit.store.scan(options)) {
          reads.push(events.length);
          yield events;
        }
      },
    });
    const repository = new SessionRepository(counting, systemIds);
    await repository.load(sessionId);
    await kit.bus.execute(new PostMessage(sessionId, { content: 'behind its back', metadata: {} }, user));
    const outcome = await repository.execute(
      sessionId,
      { type: 'update', changes: { timeout_seconds: 7 } },
      user,
    );
    expect(outcome.version).toBe(8);
    expect(reads).toEqual([6, 1]);
  });

  it('free a new name at once when the rename is refused', async () => {
    let full = false;
    const refusing = await startCommands({ through: (store) => refusingWhen(() => full, store) });
    const { sessionId } = await refusing.create({ name: 'before' });
    full = true;
    await expect(
      refusing.bus.execute(new UpdateSession(sessionId, { name: 'wanted' }, user)),
    ).rejects.toMatchObject({ code: 'log_full' });
    full = false;
    await expect(refusing.create({ name: 'wanted' })).resolves.toMatchObject({ state: { name: 'wanted' } });
    await refusing.stop();
  });

  it('keep the name that won, of several renames at once', async () => {
    const { sessionId } = await kit.create({ name: 'first' });
    const names = ['a-1', 'a-2', 'a-3', 'a-4'];
    await Promise.all(names.map((name) => kit.bus.execute(new UpdateSession(sessionId, { name }, user))));
    const { name: kept } = (await kit.sessions.load(sessionId)).state;
    const holders = await Promise.all(['first', ...names].map((name) => kit.names.holder(name)));
    const held = ['first', ...names].filter((_, index) => holders[index] !== undefined);
    expect(held).toEqual([kept]);
  });
});

async function renameUntil(
  signal: AbortSignal,
  repository: SessionRepository,
  sessionId: string,
  writer: number,
): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    const changes = { metadata: { writer, n } };
    await repository.execute(sessionId, { type: 'update', changes }, user);
  }
}

async function useTool(kit: CommandsKit, sessionId: string, useId: string): Promise<void> {
  const own = { turn_id: 't', use_id: useId };
  const content = [{ type: 'tool_use', id: useId, name: 'bash', input: {} }];
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  };
  const response = {
    turn_id: 't',
    message_id: `m-${useId}`,
    model: 'm',
    content,
    stop_reason: 'tool_use',
    usage,
    request_digest: 'd',
    took_ms: 1,
  };
  await kit.bus.execute(new RecordResponse(sessionId, response, user));
  await kit.bus.execute(new StartTool(sessionId, { ...own, name: 'bash', input: {} }, user));
  const result = { ...own, content: 'ok', is_error: false, outcome: 'completed' as const, took_ms: 1 };
  await kit.bus.execute(new CompleteTool(sessionId, result, user));
}

function refusingWhen(full: () => boolean, store: EventStore): EventStore {
  const append: EventStore['append'] = (...args) =>
    full() ? Promise.reject(new LogError('log_full', 'no space')) : store.append(...args);
  return Object.assign(Object.create(store) as EventStore, { append });
}
