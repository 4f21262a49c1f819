import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordRootFilesystem, ReportComputerFailed } from '#commands';
import type { Session } from '#contracts';
import { eventually } from '../../../test/support/eventually.js';
import { startComputer } from '../testing/lifecycle.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

let app: TestApp;
let operator: AbortController;
beforeAll(async () => {
  app = await startTestApp();
  operator = new AbortController();
  void operate();
});
afterAll(async () => {
  operator.abort();
  await app.stop();
});

/** Starts the computer of every session that needs one, except of those that are called stuck. */
async function operate(): Promise<void> {
  const stuck = new Set<string>();
  for await (const { event } of app.parts.store.follow({ after: 0, signal: operator.signal })) {
    if (event.type === 'session.created' && event.data.name.startsWith('stuck')) stuck.add(event.subject);
    const asks = ['session.created', 'session.restored', 'state.forced'].includes(event.type);
    const isRemix = event.type === 'session.created' && event.data.source !== null;
    if ((asks && !isRemix && !stuck.has(event.subject)) || event.type === 'session.remixed') {
      await startComputer(app, event.subject);
    }
  }
}

const stateOf = ({ json }: { json: unknown }) => (json as Session).state;
const codeOf = ({ json }: { json: unknown }) => (json as { code: string }).code;

describe('?wait=', () => {
  it('replies when the session is idle', async () => {
    const created = await app.client.post('sessions?wait=idle', { name: 'waited-for' });
    expect([created.status, stateOf(created)]).toEqual([201, 'idle']);
    const closed = await app.client.post('sessions/waited-for/close?wait=true');
    expect([closed.status, stateOf(closed)]).toEqual([200, 'closed']);
    const restored = await app.client.post('sessions/waited-for/restore?wait=30');
    expect([restored.status, stateOf(restored)]).toEqual([200, 'idle']);
    const remixed = await app.client.post('sessions/waited-for/remix?wait=idle');
    expect([remixed.status, stateOf(remixed)]).toEqual([201, 'idle']);
    expect(remixed.json).toHaveProperty('copied');
  });

  it('replies to a close when what was installed is kept', async () => {
    const { id } = (await app.client.post('sessions?wait=idle', { setup: 'true' })).json as Session;
    const waiting = app.client.post(`sessions/${id}/close?wait=kept`);
    await eventually(async () => (await app.parts.store.last(id))?.event.type === 'session.closed');
    expect((await app.client.get(`sessions/${id}`)).json).toMatchObject({ state: 'closed', keeping: true });
    const late = await app.client.post(`sessions/${id}/close?wait=0.05`);
    expect([late.status, codeOf(late)]).toEqual([504, 'wait_timed_out']);
    await app.bus.execute(new RecordRootFilesystem(id, { took_ms: 1 }, { actor: 'operator' }));
    expect((await waiting).json).toMatchObject({ state: 'closed', keeping: false });
  });

  it('gives up in time', async () => {
    const reply = await app.client.post('sessions?wait=idle&timeout=0.05', { name: 'stuck-1' });
    expect([reply.status, codeOf(reply)]).toEqual([504, 'wait_timed_out']);
    expect((await app.client.get('sessions/stuck-1')).status).toBe(200);
  });

  it('ends for a message when its session is given up, and says why', async () => {
    const { id } = (await app.client.post('sessions', { name: 'stuck-2' })).json as Session;
    const asked = app.client.post(`sessions/${id}/messages?wait=reply&timeout=30`, { content: 'hello' });
    await eventually(async () => (await app.parts.store.last(id))?.event.type === 'message.posted');
    const failed = { reason: 'The setup script failed with exit code 3.', attempt: 1, gave_up: true };
    await app.bus.execute(new ReportComputerFailed(id, failed, { actor: 'operator' }));
    const reply = await asked;
    expect([reply.status, codeOf(reply)]).toEqual([503, 'computer_failed']);
    expect(reply.json).toMatchObject({ detail: expect.stringContaining('exit code 3') });
  });

  it.each(['wait=never', 'wait=-1', 'wait=601', 'wait=idle&timeout=x'])('refuses %s', async (query) => {
    const reply = await app.client.post(`sessions?${query}`);
    expect([reply.status, codeOf(reply)]).toEqual([422, 'validation_failed']);
  });

  it('ends with the server', async () => {
    const other = await startTestApp();
    const { id } = (await other.client.post('sessions')).json as Session;
    const watching = Promise.withResolvers<void>();
    const { views } = other;
    const onApplied = views.onApplied.bind(views);
    views.onApplied = (listener) => {
      watching.resolve();
      return onApplied(listener);
    };
    const waiting = other.client.post(`sessions/${id}/restore?wait=idle`);
    await watching.promise;
    await other.stop();
    expect(codeOf(await waiting)).toBe('stopping');
  });
});

describe('PUT state', () => {
  it('recovers, and replies when the session is idle', async () => {
    await app.client.post('sessions?wait=idle', { name: 'to-recover' });
    for (const before of ['idle', 'closed']) {
      if (before === 'closed') await app.client.post('sessions/to-recover/close');
      const reply = await app.client.send('PUT', 'sessions/to-recover/state', { body: { state: 'idle' } });
      expect([reply.status, stateOf(reply)]).toEqual([200, 'idle']);
    }
    const closed = await app.client.send('PUT', 'sessions/to-recover/state', { body: { state: 'closed' } });
    expect(stateOf(closed)).toBe('closed');
  });

  it('can be asked not to wait', async () => {
    await app.client.post('sessions', { name: 'stuck-2' });
    const path = 'sessions/stuck-2/state?wait=false';
    const reply = await app.client.send('PUT', path, { body: { state: 'idle' } });
    expect([reply.status, stateOf(reply)]).toEqual([200, 'init']);
  });

  it('takes no state that one cannot ask for', async () => {
    const reply = await app.client.send('PUT', 'sessions/stuck-1/state', { body: { state: 'busy' } });
    expect([reply.status, codeOf(reply)]).toEqual([422, 'validation_failed']);
  });
});

describe('reading what was written', () => {
  it('waits for min_sequence', async () => {
    const reply = await app.client.post('sessions');
    const sequence = reply.headers.get('raworc-sequence');
    const list = await app.client.get(`sessions?min_sequence=${sequence}`);
    expect((list.json as Session[])[0]?.id).toBe((reply.json as Session).id);
    expect(Number(list.headers.get('raworc-sequence'))).toBeGreaterThanOrEqual(Number(sequence));
    const bad = await app.client.get('sessions?min_sequence=x');
    expect([bad.status, codeOf(bad)]).toEqual([422, 'validation_failed']);
  });

  it('says so when the views do not get there', async () => {
    const other = await startTestApp({ timing: { visibleWithin: 20 } });
    const early = await other.client.get('sessions?min_sequence=1000');
    expect([early.status, codeOf(early), early.headers.get('retry-after')]).toEqual([
      503,
      'view_unavailable',
      '1',
    ]);
    await other.views.close();
    const reply = await other.client.post('sessions');
    expect(reply.status).toBe(202);
    expect(reply.json).toEqual({ sequence: 1, session_id: expect.any(String) });
    await other.stop();
  });
});
