import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemIds } from '#runtime';
import {
  CompleteTool,
  CompleteTurn,
  DeleteSession,
  PostMessage,
  RecordResponse,
  RecordSnapshot,
  RemixSession,
  ReportComputerStarted,
  SessionRepository,
  StartTool,
  StartTurn,
} from '../index.js';
import { everything, startCommands, user, type CommandsKit } from '../testing/commands-kit.js';

const usage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};
const started = {
  driver: 'd',
  node: 'n',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created' as const,
};

describe('RemixSession', () => {
  let kit: CommandsKit;
  beforeEach(async () => {
    kit = await startCommands();
  });
  afterEach(() => kit.stop());

  const done = { turn_id: 't', stop_reason: 'end_turn' };

  /** A session with one finished turn that ran a tool; its files are not kept yet. */
  async function worked(): Promise<string> {
    const id = await working();
    await kit.bus.execute(new CompleteTurn(id, done, user));
    return id;
  }

  async function working(): Promise<string> {
    const { sessionId: id } = await kit.create({
      prompt: 'go',
      secrets: { DB: 'swordfish' },
      metadata: { a: 1 },
    });
    await kit.bus.execute(new ReportComputerStarted(id, started, user));
    const { state } = await kit.sessions.load(id);
    await kit.bus.execute(new StartTurn(id, { turnId: 't', messageIds: state.pendingMessageIds }, user));
    const reply = { turn_id: 't', model: 'm', usage, request_digest: '', took_ms: 1 };
    const use = { type: 'tool_use', id: 'u', name: 'bash', input: {} };
    await kit.bus.execute(
      new RecordResponse(id, { ...reply, message_id: 'h1', content: [use], stop_reason: 'tool_use' }, user),
    );
    await kit.bus.execute(new StartTool(id, { turn_id: 't', use_id: 'u', name: 'bash', input: {} }, user));
    const result = { turn_id: 't', use_id: 'u', content: 'ok', is_error: false, took_ms: 1 };
    await kit.bus.execute(new CompleteTool(id, { ...result, outcome: 'completed' }, user));
    const text = [{ type: 'text', text: 'done' }];
    await kit.bus.execute(
      new RecordResponse(id, { ...reply, message_id: 'h2', content: text, stop_reason: 'end_turn' }, user),
    );
    return id;
  }

  async function keepFiles(id: string): Promise<void> {
    const { version } = await kit.sessions.load(id);
    const snapshot = {
      snapshot_id: 's1',
      digest: 'd',
      bytes: 3,
      files: 1,
      changed: { added: 1, modified: 0, removed: 0 },
      lines: { added: 0, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 0,
      stored_bytes: 0,
      at_version: version,
      took_ms: 1,
    };
    await kit.bus.execute(new RecordSnapshot(id, snapshot, user));
  }

  it('copies conversation, files and secrets, and leaves the source untouched', async () => {
    const source = await worked();
    await keepFiles(source);
    const before = await kit.history(source);
    const { sessionId, events } = await kit.bus.execute(new RemixSession(source, everything, user));
    expect(await kit.history(source)).toEqual(before);
    expect(events.at(-1)).toMatchObject({
      type: 'session.remixed',
      data: {
        source_id: source,
        copied: { messages: 3, files: 1, bytes: 3, secrets: 1 },
        files: { snapshot_id: 's1', fallback: null, skipped_total: 0 },
      },
    });
    const [created] = events;
    if (created?.type !== 'session.created') throw new Error('no session.created');
    expect(created.data).toMatchObject({
      metadata: { a: 1 },
      source: { session_id: source, snapshot_id: 's1' },
    });
    expect(await kit.vault.open(sessionId, created.data.secrets)).toEqual({ DB: 'swordfish' });
    expect(new Set([...events, ...before].map(({ id }) => id)).size).toBe(events.length + before.length);
  });

  it('waits for the files of the turn that just ended', async () => {
    const source = await worked();
    const remix = kit.bus.execute(new RemixSession(source, everything, user));
    await keepFiles(source);
    const { events } = await remix;
    expect(events[0]?.data).toMatchObject({ source: { snapshot_id: 's1' } });
  });

  it('waits for them when another process ended the turn', async () => {
    const source = await working();
    const other = new SessionRepository(kit.store, systemIds);
    await other.execute(source, { type: 'complete-turn', data: done }, user);
    const remix = kit.bus.execute(new RemixSession(source, everything, user));
    const kept = {
      snapshot_id: 's1',
      digest: 'd',
      bytes: 3,
      files: 1,
      changed: { added: 1, modified: 0, removed: 0 },
      lines: { added: 0, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 0,
      stored_bytes: 0,
      took_ms: 1,
    };
    const { version: at_version } = await other.load(source);
    await other.execute(source, { type: 'record-snapshot', data: { ...kept, at_version } }, user);
    expect((await remix).events[0]?.data).toMatchObject({ source: { snapshot_id: 's1' } });
  });

  it('waits for no files that are not wanted', async () => {
    const source = await worked();
    const talk = { ...everything, data: false, code: false };
    const { events } = await kit.bus.execute(new RemixSession(source, talk, user));
    expect(events[0]?.data).toMatchObject({ source: { snapshot_id: null } });
  });

  it('goes on with a prompt', async () => {
    const source = await worked();
    await keepFiles(source);
    const { sessionId, state } = await kit.bus.execute(
      new RemixSession(source, { ...everything, prompt: 'and now differently', secrets: false }, user),
    );
    expect((await kit.types(sessionId)).slice(-2)).toEqual(['session.remixed', 'message.posted']);
    expect(state.pendingMessageIds).toHaveLength(1);
  });

  it('has nothing to copy of a deleted session, or one that never was', async () => {
    const { sessionId } = await kit.create();
    await kit.bus.execute(new DeleteSession(sessionId, { erase: false }, user));
    await expect(kit.bus.execute(new RemixSession(sessionId, everything, user))).rejects.toMatchObject({
      code: 'session_not_found',
    });
    await expect(kit.bus.execute(new RemixSession('nobody', everything, user))).rejects.toMatchObject({
      code: 'session_not_found',
    });
  });

  it('gives a taken name back to nobody', async () => {
    const { sessionId } = await kit.create({ name: 'taken' });
    await kit.bus.execute(new PostMessage(sessionId, { content: 'x', metadata: {} }, user));
    await expect(
      kit.bus.execute(new RemixSession(sessionId, { ...everything, name: 'taken' }, user)),
    ).rejects.toMatchObject({ code: 'name_taken' });
  });
});
