import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HANDLERS } from './handlers.js';
import {
  ClearMessages,
  CloseSession,
  FailTurn,
  ForceState,
  InterruptTurn,
  PostMessage,
  RecordSnapshotFailure,
  ReportComputerFailed,
  ReportComputerStarted,
  RestoreSession,
  StartTurn,
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

describe('the command handlers', () => {
  let kit: CommandsKit;
  beforeAll(async () => {
    kit = await startCommands();
  });
  afterAll(() => kit.stop());

  it('are all registered', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(HANDLERS).toHaveLength(folders.filter(({ name }) => name !== 'testing').length);
  });

  it('lead a session through its life', async () => {
    const { sessionId: id } = await kit.create();
    const { bus } = kit;
    const steps = [
      new ReportComputerStarted(id, started, user),
      new PostMessage(id, { content: 'hello', metadata: {} }, user),
      new InterruptTurn(id, {}, user),
      new ClearMessages(id, {}, user),
      new RecordSnapshotFailure(id, { reason: 'no space', at_version: 3 }, user),
      new ReportComputerFailed(id, { reason: 'gone', attempt: 1, gave_up: false }, user),
      new ForceState(id, { to: 'idle' }, user),
      new CloseSession(id, { reason: 'requested' }, user),
      new RestoreSession(id, { prompt: 'go on' }, user),
      new ReportComputerStarted(id, started, user),
    ];
    for (const step of steps) await bus.execute(step);
    const { state } = await kit.sessions.load(id);
    await bus.execute(new StartTurn(id, { turnId: 't', messageIds: state.pendingMessageIds }, user));
    await bus.execute(new FailTurn(id, { turnId: 't', reason: 'internal', message: 'x' }, user));
    expect(await kit.types(id)).toEqual([
      'session.created',
      'computer.started',
      'message.posted',
      'messages.cleared',
      'files.snapshot_failed',
      'computer.failed',
      'state.forced',
      'session.closed',
      'session.restored',
      'message.posted',
      'computer.started',
      'turn.started',
      'turn.failed',
    ]);
  });

  it('do not hit a later turn when a request is repeated', async () => {
    const { sessionId: id } = await kit.create({ prompt: 'one' });
    await kit.bus.execute(new ReportComputerStarted(id, started, user));
    const startNext = async (turnId: string) => {
      const { state } = await kit.sessions.load(id);
      await kit.bus.execute(
        new StartTurn(id, { turnId, messageIds: state.pendingMessageIds.slice(0, 1) }, user),
      );
    };
    const once = { ...user, idempotency: { key: 'stop', hash: 'h' } };
    await startNext('t1');
    await kit.bus.execute(new InterruptTurn(id, {}, once));
    await kit.bus.execute(new PostMessage(id, { content: 'two', metadata: {} }, user));
    await startNext('t2');
    const repeated = await kit.bus.execute(new InterruptTurn(id, {}, once));
    expect(repeated).toMatchObject({ replayed: true, events: [], state: { turn: { id: 't2' } } });
  });

  it('note who asked, why, and in which order', async () => {
    const { sessionId } = await kit.create({}, { actor: 'user:ada', commandId: 'c1', causationId: 'e0' });
    await kit.bus.execute(new PostMessage(sessionId, { content: 'x', metadata: {} }, { actor: 'user:ada' }));
    const [created, posted] = await kit.history(sessionId);
    expect(created).toMatchObject({
      actor: 'user:ada',
      commandid: 'c1',
      correlationid: 'c1',
      causationid: 'e0',
    });
    expect(posted).toMatchObject({ sessionversion: 2, subject: sessionId, schemaversion: 1 });
  });
});
