import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DeleteSession, UpdateSession } from '../index.js';
import { startCommands, user, type CommandsKit } from '../testing/commands-kit.js';

describe('DeleteSession', () => {
  let kit: CommandsKit;
  beforeEach(async () => {
    kit = await startCommands();
  });
  afterEach(() => kit.stop());

  it('gives the name back', async () => {
    const { sessionId } = await kit.create({ name: 'mine' });
    await kit.bus.execute(new DeleteSession(sessionId, { erase: false }, user));
    await expect(kit.create({ name: 'mine' })).resolves.toBeDefined();
  });

  it('keeps the history, unless it is erased', async () => {
    const { sessionId } = await kit.create({ prompt: 'a private thing', secrets: { DB: 'swordfish' } });
    const [created] = await kit.history(sessionId);
    await kit.bus.execute(new DeleteSession(sessionId, { erase: false }, user));
    expect(await kit.types(sessionId)).toEqual(['session.created', 'message.posted', 'session.deleted']);
    await kit.bus.execute(new DeleteSession(sessionId, { erase: true }, user));
    expect(await kit.types(sessionId)).toEqual(['session.erased']);
    if (created?.type !== 'session.created') throw new Error('no session.created');
    await expect(kit.vault.open(sessionId, created.data.secrets)).rejects.toMatchObject({
      code: 'secrets_erased',
    });
  });

  it('leaves nothing to delete again', async () => {
    const { sessionId } = await kit.create();
    await kit.bus.execute(new DeleteSession(sessionId, { erase: true }, user));
    const again = await kit.bus.execute(new DeleteSession(sessionId, { erase: true }, user));
    expect(again.events).toEqual([]);
    await expect(kit.bus.execute(new DeleteSession(sessionId, { erase: false }, user))).rejects.toMatchObject(
      {
        code: 'session_not_found',
      },
    );
  });
});

describe('UpdateSession', () => {
  it('moves the name, and keeps a name that is taken where it is', async () => {
    const kit = await startCommands();
    const { sessionId } = await kit.create({ name: 'before' });
    await kit.create({ name: 'other' });
    await expect(
      kit.bus.execute(new UpdateSession(sessionId, { name: 'other' }, user)),
    ).rejects.toMatchObject({
      code: 'name_taken',
    });
    const { state } = await kit.bus.execute(new UpdateSession(sessionId, { name: 'after' }, user));
    expect(state.name).toBe('after');
    await expect(kit.create({ name: 'before' })).resolves.toBeDefined();
    await kit.stop();
  });
});
