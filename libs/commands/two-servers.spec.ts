import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openJetStreamStore } from '#event-store';
import { startTestNats, systemIds, type TestNats } from '#runtime';
import type { CommandOutcome } from './context.js';
import { UpdateSession } from './index.js';
import { startCommands, user, type CommandsKit } from './testing/commands-kit.js';

const HOUR_MS = 3_600_000;
const TAKEN = { code: 'name_taken' };

describe('two servers on one log', () => {
  let nats: TestNats;
  let one: CommandsKit;
  let two: CommandsKit;
  let stop: () => Promise<void>;
  beforeEach(async () => {
    nats = await startTestNats();
    const logs = [
      await openJetStreamStore(await nats.connection()),
      await openJetStreamStore(await nats.connection()),
    ] as const;
    // The second one lives an hour later: a claim that nobody needs any more would be old enough to be taken over.
    const later = { ...systemIds, now: () => new Date(Date.now() + HOUR_MS) };
    one = await startCommands({ log: logs[0] });
    two = await startCommands({ log: logs[1], ids: later });
    stop = async () => {
      await Promise.all([one.stop(), two.stop()]);
      for (const log of logs) log.close();
      await nats.stop();
    };
  });
  afterEach(() => stop());

  const rename = (kit: CommandsKit, { sessionId }: CommandOutcome, name: string) =>
    kit.bus.execute(new UpdateSession(sessionId, { name }, user));

  /** The names of all sessions that the log has. */
  async function nameOf(session: CommandOutcome): Promise<string> {
    return (await one.sessions.current(session.sessionId)).state.name;
  }

  it('give a name to one of those that ask for it at the same time', async () => {
    for (let n = 0; n < 10; n++) {
      const asked = [one, two, one, two].map((kit) => kit.create({ name: `wanted-${n}` }));
      const outcomes = await Promise.allSettled(asked);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(TAKEN);
      }
    }
  });

  it('give it to one of those that are renamed to it at the same time', async () => {
    const sessions = [await one.create(), await two.create()] as const;
    const outcomes = await Promise.allSettled([
      rename(one, sessions[0], 'wanted'),
      rename(two, sessions[1], 'wanted'),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const names = await Promise.all(sessions.map(nameOf));
    expect(names.filter((name) => name === 'wanted')).toHaveLength(1);
  });

  it('know what the other has renamed, though they have it in memory as it was', async () => {
    const session = await one.create({ name: 'before' });
    await two.sessions.load(session.sessionId);
    await rename(one, session, 'after');
    await expect(two.create({ name: 'after' })).rejects.toMatchObject(TAKEN);
    await expect(two.create({ name: 'before' })).resolves.toMatchObject({ state: { name: 'before' } });
  });

  it('give nothing back to a session that lost its name behind their back', async () => {
    const session = await one.create({ name: 'mine' });
    await two.sessions.load(session.sessionId);
    await rename(one, session, 'other');
    const next = await one.create({ name: 'mine' });
    await expect(rename(two, session, 'mine')).rejects.toMatchObject(TAKEN);
    expect([await nameOf(session), await nameOf(next)]).toEqual(['other', 'mine']);
  });

  it('take the name of a session that the other deleted, once', async () => {
    const session = await one.create({ name: 'left' });
    await two.sessions.load(session.sessionId);
    // As if the other ended before it gave the name back.
    await one.sessions.execute(session.sessionId, { type: 'delete' }, user);
    const outcomes = await Promise.allSettled([one, two].map((kit) => kit.create({ name: 'left' })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('keep the name of a session that is renamed to what it is', async () => {
    const session = await one.create({ name: 'same' });
    await rename(two, session, 'same');
    await expect(one.create({ name: 'same' })).rejects.toMatchObject(TAKEN);
  });
});
