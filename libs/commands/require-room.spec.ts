import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CloseSession,
  DeleteSession,
  ForceState,
  PostMessage,
  RemixSession,
  RestoreSession,
  type SessionMessage,
} from './index.js';
import { everything, startCommands, user, type CommandsKit } from './testing/commands-kit.js';

const FULL = 'The disk of the computers is full: 1.0 MiB are free.';

describe('on a full disk of the computers', () => {
  let kit: CommandsKit;
  let reason: string | undefined;
  let open: string;
  let closed: string;
  beforeEach(async () => {
    reason = undefined;
    kit = await startCommands({ shortage: async () => reason });
    open = (await kit.create()).sessionId;
    closed = (await kit.create()).sessionId;
    await run(new CloseSession(closed, { reason: 'requested' }, user));
    reason = FULL;
  });
  afterEach(() => kit.stop());

  const run = (command: SessionMessage<unknown>) => kit.bus.execute(command);
  const message = { content: 'hi', metadata: {} };
  const full = { code: 'disk_full', message: FULL };

  it('no session is created, restored or remixed, in whatever way', async () => {
    await expect(kit.create({ name: 'free' })).rejects.toMatchObject(full);
    for (const command of [
      new RestoreSession(closed, {}, user),
      new PostMessage(closed, message, user),
      new ForceState(closed, { to: 'idle' }, user),
      new RemixSession(open, everything, user),
    ])
      await expect(run(command)).rejects.toMatchObject(full);
    expect((await kit.history(closed)).at(-1)?.type).toBe('session.closed');
    reason = undefined;
    await kit.create({ name: 'free' });
    await run(new PostMessage(closed, message, user));
  });

  it('what is there goes on, and makes room', async () => {
    await run(new RestoreSession(open, {}, user));
    await run(new PostMessage(open, message, user));
    await run(new CloseSession(open, { reason: 'requested' }, user));
    await run(new DeleteSession(closed, { erase: false }, user));
  });
});
