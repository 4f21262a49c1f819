import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ForceState } from '#commands';
import type { ControlLease, Problem, Session } from '#contracts';
import type { EventEnvelope, EventOf } from '#domain';
import { createDesktopSession, lastSequence, openDesktop } from '../testing/desktop-client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const LEASE_MS = 400;
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ timing: { controlLease: LEASE_MS, controlGrace: 100 } });
});
afterAll(async () => {
  await app.stop();
  expect(app.logged).toEqual([]);
});

const take = (id: string, body?: object) => app.client.post(`sessions/${id}/control`, body);
const release = (id: string, query = '') => app.client.send('DELETE', `sessions/${id}/control${query}`);
const held = async (id: string) => ((await app.client.get(`sessions/${id}`)).json as Session).controlled_by;
const using = (id: string, leaseId?: string) =>
  openDesktop(app, id, { query: `?control=1${leaseId === undefined ? '' : `&lease_id=${leaseId}`}` });
const resuming = (id: string, leaseId: string, at = app) =>
  openDesktop(at, id, { query: `?control=1&lease_id=${leaseId}&resume=1` });

type ControlEvent = EventEnvelope & (EventOf<'control.taken'> | EventOf<'control.released'>);

/** The first event about control that fits, after a place on the log. */
async function controlEvent(id: string, after: number, fits: (event: ControlEvent) => boolean) {
  const signal = AbortSignal.timeout(5_000);
  for await (const { event } of app.parts.store.follow({ after, sessionId: id, signal })) {
    const isControl = event.type === 'control.taken' || event.type === 'control.released';
    if (isControl && fits(event)) return event;
  }
  throw new Error('No such event came.');
}

describe('control by request', () => {
  it('is taken, prolonged and given back', async () => {
    const { id, name } = await createDesktopSession(app);
    const first = await take(name, { seconds: 30 });
    const { lease_id, by, until } = first.json as ControlLease;
    expect([first.status, by, await held(id)]).toEqual([200, 'user:local', 'user:local']);
    expect(until - Date.now() / 1000).toBeGreaterThan(25);
    const second = (await take(id, { seconds: 60, lease_id })).json as ControlLease;
    expect([second.lease_id, second.until > until]).toEqual([lease_id, true]);
    expect((await release(id, `?lease_id=${randomUUID()}`)).status).toBe(204);
    expect(await held(id)).toBe('user:local');
    expect((await release(id)).status).toBe(204);
    expect(await held(id)).toBeNull();
    expect((await release(id)).status).toBe(204);
  });

  it('is refused while somebody has it, and says who', async () => {
    const { id } = await createDesktopSession(app);
    await take(id);
    const refused = await take(id);
    expect([refused.status, (refused.json as Problem).code]).toEqual([409, 'control_taken']);
    expect((refused.json as Problem).detail).toContain('user:local');
  });

  it.each([{ seconds: 0 }, { seconds: 4_000 }, { seconds: 'x' }, { lease_id: 'x' }, { other: 1 }])(
    'has a form: %j',
    async (body) => {
      const { id } = await createDesktopSession(app);
      expect((await take(id, body)).status).toBe(422);
    },
  );

  it('is not there without a desktop, or a computer that runs', async () => {
    const without = (await app.client.post('sessions')).json as Session;
    expect(((await take(without.id)).json as Problem).code).toBe('desktop_missing');
    const { id } = await createDesktopSession(app);
    await app.client.post(`sessions/${id}/close`);
    expect(((await take(id)).json as Problem).code).toBe('computer_not_running');
  });
});

describe('control by a connection', () => {
  it('alone is more than watching, and goes on as long as the connection', async () => {
    const { id } = await createDesktopSession(app);
    const before = app.desktops.connections.length;
    const after = await lastSequence(app);
    const watcher = openDesktop(app, id);
    await watcher.shows('RFB');
    const user = using(id);
    await user.shows('RFB');
    const controls = app.desktops.connections.slice(before).map(({ control }) => control);
    expect(controls).toEqual([false, true]);
    const first = await controlEvent(id, after, ({ type }) => type === 'control.taken');
    const { lease_id, until } = first.data as { lease_id: string; until: number };
    const prolonged = await controlEvent(id, after, ({ type, data }) => {
      return type === 'control.taken' && (data as { until: number }).until > until + LEASE_MS / 1000;
    });
    expect(prolonged.data.lease_id).toBe(lease_id);
    user.socket.close();
    const end = await controlEvent(id, after, ({ type }) => type === 'control.released');
    expect(end.data).toEqual({ lease_id, reason: 'disconnected' });
    expect(watcher.socket.readyState).toBe(watcher.socket.OPEN);
    watcher.socket.terminate();
  });

  it('is refused while somebody has it', async () => {
    const { id } = await createDesktopSession(app);
    const user = using(id);
    await user.shows('RFB');
    const count = app.desktops.connections.length;
    const { code, reason } = await using(id).closed;
    expect([code, reason]).toEqual([4409, expect.stringContaining('control_taken: user:local')]);
    expect(app.desktops.connections).toHaveLength(count);
    expect(((await take(id)).json as Problem).code).toBe('control_taken');
    user.socket.terminate();
  });

  it('waits a moment for its connection to come back, which takes the place of the old one', async () => {
    const { id } = await createDesktopSession(app);
    const after = await lastSequence(app);
    const leaseId = randomUUID();
    const first = using(id, leaseId);
    await first.shows('RFB');
    first.socket.terminate();
    const second = using(id, leaseId);
    await second.shows('RFB');
    const third = using(id, leaseId);
    await third.shows('RFB');
    expect((await second.closed).reason).toContain('control_taken');
    // Twice the grace later the third one still has it.
    const taken = await controlEvent(id, await lastSequence(app), () => true);
    expect([taken.type, taken.data.lease_id]).toEqual(['control.taken', leaseId]);
    expect(third.socket.readyState).toBe(third.socket.OPEN);
    third.socket.close();
    const end = await controlEvent(id, after, ({ type }) => type === 'control.released');
    expect(end.data).toEqual({ lease_id: leaseId, reason: 'disconnected' });
  });

  it('is taken up again by a connection that resumes it, beside the old one and after it broke', async () => {
    const own = await startTestApp();
    const { id } = await createDesktopSession(own);
    const leaseId = randomUUID();
    const first = openDesktop(own, id, { query: `?control=1&lease_id=${leaseId}` });
    await first.shows('RFB');
    const second = resuming(id, leaseId, own);
    await second.shows('RFB');
    expect((await first.closed).reason).toContain('control_taken');
    const { screen } = await own.desktops.connection(1);
    second.socket.terminate();
    if (!screen.destroyed) await once(screen, 'close');
    const third = resuming(id, leaseId, own);
    await third.shows('RFB');
    expect(own.desktops.connections.map(({ control }) => control)).toEqual([true, true, true]);
    await own.stop();
  });

  it('is not taken up again by a page that comes back when it was given back', async () => {
    const { id } = await createDesktopSession(app);
    const leaseId = randomUUID();
    const after = await lastSequence(app);
    const first = using(id, leaseId);
    await first.shows('RFB');
    first.socket.terminate();
    await controlEvent(id, after, ({ type }) => type === 'control.released');
    const [end, count] = [await lastSequence(app), app.desktops.connections.length];
    expect(await resuming(id, leaseId).closed).toEqual({
      code: 4409,
      reason: 'control_lost: Control was given back meanwhile; take it again to use the desktop.',
    });
    expect([await lastSequence(app), app.desktops.connections.length]).toEqual([end, count]);
    const again = using(id, leaseId);
    await again.shows('RFB');
    again.socket.terminate();
  });

  it('has nothing to resume without its id', async () => {
    const { id } = await createDesktopSession(app);
    const { code, reason } = await openDesktop(app, id, { query: '?control=1&resume=1' }).closed;
    expect([code, reason]).toEqual([4409, expect.stringContaining('control_lost')]);
    const watcher = openDesktop(app, id, { query: '?resume=1' });
    await watcher.shows('RFB');
    watcher.socket.terminate();
  });

  it('goes on when the same id is used for another session', async () => {
    const [one, other] = [await createDesktopSession(app), await createDesktopSession(app)];
    const leaseId = randomUUID();
    const users = [using(one.id, leaseId), using(other.id, leaseId)];
    for (const user of users) await user.shows('RFB');
    const after = await lastSequence(app);
    for (const { id } of [one, other]) {
      expect((await controlEvent(id, after, () => true)).type).toBe('control.taken');
    }
    for (const { socket } of users) socket.terminate();
  });

  it('is over when it is given back, and the connection with it', async () => {
    const { id } = await createDesktopSession(app);
    const leaseId = randomUUID();
    const after = await lastSequence(app);
    const user = using(id, leaseId);
    await user.shows('RFB');
    await release(id, `?lease_id=${leaseId}`);
    expect(await user.closed).toEqual({ code: 1000, reason: 'control_returned' });
    const end = await controlEvent(id, after, ({ type }) => type === 'control.released');
    expect(end.data).toEqual({ lease_id: leaseId, reason: 'returned' });
    expect(await held(id)).toBeNull();
  });

  it('goes on from a request to a connection', async () => {
    const { id } = await createDesktopSession(app);
    const { lease_id } = (await take(id)).json as ControlLease;
    const user = using(id, lease_id);
    await user.shows('RFB');
    user.socket.terminate();
  });

  it('ends with the session', async () => {
    const { id } = await createDesktopSession(app);
    const user = using(id);
    await user.shows('RFB');
    await app.client.post(`sessions/${id}/close`);
    expect((await user.closed).reason).toContain('computer_not_running');
    expect(await held(id)).toBeNull();
  });

  it('ends when the computer starts again, and those who watch may stay', async () => {
    const { id } = await createDesktopSession(app);
    const watcher = openDesktop(app, id);
    const user = using(id);
    await Promise.all([watcher.shows('RFB'), user.shows('RFB')]);
    await app.bus.execute(new ForceState(id, { to: 'idle' }, { actor: 'user:local' }));
    expect((await user.closed).reason).toContain('control_lost');
    expect(watcher.socket.readyState).toBe(watcher.socket.OPEN);
    watcher.socket.terminate();
  });

  it('is given back when the server stops', async () => {
    const own = await startTestApp();
    const { id } = await createDesktopSession(own);
    const user = openDesktop(own, id, { query: '?control=1' });
    await user.shows('RFB');
    await own.stop();
    const last = (await own.parts.store.last(id))?.event;
    expect([last?.type, last?.data]).toEqual([
      'control.released',
      { lease_id: expect.any(String), reason: 'disconnected' },
    ]);
  });

  it('does not remain when the screen cannot be had', async () => {
    const { id } = await createDesktopSession(app);
    const after = await lastSequence(app);
    const user = using(id);
    const { screen } = await app.desktops.connection(app.desktops.connections.length);
    screen.destroy();
    expect((await user.closed).reason).toContain('computer_failed');
    await controlEvent(id, after, ({ type }) => type === 'control.released');
    if (!screen.destroyed) await once(screen, 'close');
  });
});
