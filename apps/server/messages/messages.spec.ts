import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messageView, type Message, type Session } from '#contracts';
import { answer, failTurn, startComputer, startTurn } from '../testing/lifecycle.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

async function idleSession(): Promise<string> {
  const { id } = (await app.client.post('sessions')).json as Session;
  await startComputer(app, id);
  return id;
}

const codeOf = ({ json }: { json: unknown }) => (json as { code: string }).code;

describe('messages', () => {
  it('are posted with nothing but content, and listed in order', async () => {
    const id = await idleSession();
    for (const content of ['one', 'two', 'three']) {
      const reply = await app.client.post(`sessions/${id}/messages`, { content });
      expect(reply.status).toBe(201);
      const posted = messageView.strict().parse(reply.json);
      expect(posted).toMatchObject({ role: 'user', content, session_id: id, status: 'queued', metadata: {} });
    }
    const all = (await app.client.get(`sessions/${id}/messages`)).json as Message[];
    expect(all.map(({ content }) => content)).toEqual(['one', 'two', 'three']);
    const last = (await app.client.get(`sessions/${id}/messages?limit=2`)).json as Message[];
    expect(last.map(({ content }) => content)).toEqual(['two', 'three']);
    const before = await app.client.get(`sessions/${id}/messages?limit=1&before=${all[2]?.id}`);
    expect((before.json as Message[]).map(({ content }) => content)).toEqual(['two']);
    expect((await app.client.get(`sessions/${id}/messages/count`)).json).toEqual({
      count: 3,
      session_id: id,
    });
  });

  it('are cleared', async () => {
    const id = await idleSession();
    await app.client.post(`sessions/${id}/messages`, { content: 'x' });
    const cleared = await app.client.send('DELETE', `sessions/${id}/messages`);
    expect([cleared.status, cleared.json]).toEqual([200, { deleted: 1, session_id: id }]);
    expect((await app.client.get(`sessions/${id}/messages`)).text).toBe('[]');
    const again = await app.client.send('DELETE', `sessions/${id}/messages`);
    expect(again.json).toEqual({ deleted: 0, session_id: id });
  });

  it('restore a closed session', async () => {
    const id = await idleSession();
    await app.client.post(`sessions/${id}/close`);
    expect((await app.client.post(`sessions/${id}/messages`, { content: 'x' })).status).toBe(201);
    expect(((await app.client.get(`sessions/${id}`)).json as Session).state).toBe('init');
  });

  it('come once for one Idempotency-Key, also to a closed session', async () => {
    const id = await idleSession();
    await app.client.post(`sessions/${id}/close`);
    const headers = { 'idempotency-key': 'message-1' };
    const first = await app.client.post(`sessions/${id}/messages`, { content: 'x' }, headers);
    const again = await app.client.post(`sessions/${id}/messages`, { content: 'x' }, headers);
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      201,
      'true',
    ]);
    expect(again.json).toEqual(first.json);
    expect((await app.client.get(`sessions/${id}/messages/count`)).json).toMatchObject({ count: 1 });
  });

  it('may be a megabyte, and not more', async () => {
    const id = await idleSession();
    const most = 'ä'.repeat(512 * 1024);
    const reply = await app.client.post(`sessions/${id}/messages`, { content: most });
    expect((reply.json as Message).content).toBe(most);
    const more = await app.client.post(`sessions/${id}/messages`, { content: `${most}x` });
    expect([more.status, codeOf(more)]).toEqual([422, 'validation_failed']);
    expect((more.json as { detail: string }).detail).toContain('1048576 bytes');
  });

  it('before a message that is not there: 404', async () => {
    const id = await idleSession();
    const reply = await app.client.get(`sessions/${id}/messages?before=nothing`);
    expect([reply.status, codeOf(reply)]).toEqual([404, 'message_not_found']);
  });
});

describe('?wait=reply', () => {
  /** Plays Host for the one message of a session, as soon as it is posted. */
  async function onMessage(id: string, act: (messageId: string) => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    for await (const { event } of app.parts.store.follow({ after: 0, sessionId: id, signal: stop.signal })) {
      if (event.type !== 'message.posted') continue;
      await act(event.data.message_id);
      stop.abort();
    }
  }

  it("replies with Host's final message", async () => {
    const id = await idleSession();
    const [reply] = await Promise.all([
      app.client.post(`sessions/${id}/messages?wait=reply`, { content: 'Add 1 and 2' }),
      onMessage(id, (messageId) => answer(app, id, messageId, '3')),
    ]);
    expect(reply.status).toBe(201);
    expect(reply.json).toMatchObject({ role: 'host', content: '3', status: 'complete' });
  });

  it('replies with the reason when the turn failed', async () => {
    const id = await idleSession();
    const [reply] = await Promise.all([
      app.client.post(`sessions/${id}/messages?wait=reply`, { content: 'x' }),
      onMessage(id, (messageId) => failTurn(app, id, messageId, 'Claude is overloaded.')),
    ]);
    expect(reply.status).toBe(201);
    expect(reply.json).toMatchObject({
      role: 'system',
      content: 'Claude is overloaded.',
      metadata: { code: 'model_unavailable' },
    });
  });

  it('never gives the own message for an answer, when the turn was interrupted before Host said a word', async () => {
    const id = await idleSession();
    const [reply] = await Promise.all([
      app.client.post(`sessions/${id}/messages?wait=reply`, { content: 'x' }),
      onMessage(id, async (messageId) => {
        await startTurn(app, id, messageId);
        await app.client.post(`sessions/${id}/interrupt`);
      }),
    ]);
    expect([reply.status, codeOf(reply)]).toEqual([409, 'not_answered']);
  });

  it('gives up in time, and the message stays', async () => {
    const id = await idleSession();
    const reply = await app.client.post(`sessions/${id}/messages?wait=0.05`, { content: 'x' });
    expect([reply.status, codeOf(reply)]).toEqual([504, 'wait_timed_out']);
    expect((await app.client.get(`sessions/${id}/messages/count`)).json).toMatchObject({ count: 1 });
  });

  it('ends when the messages are cleared or the session is deleted', async () => {
    const id = await idleSession();
    const [cleared] = await Promise.all([
      app.client.post(`sessions/${id}/messages?wait=reply`, { content: 'x' }),
      onMessage(id, () => app.client.send('DELETE', `sessions/${id}/messages`)),
    ]);
    expect([cleared.status, codeOf(cleared)]).toEqual([404, 'message_not_found']);
    const other = await idleSession();
    const [deleted] = await Promise.all([
      app.client.post(`sessions/${other}/messages?wait=reply`, { content: 'x' }),
      onMessage(other, () => app.client.send('DELETE', `sessions/${other}`)),
    ]);
    expect([deleted.status, codeOf(deleted)]).toEqual([404, 'session_not_found']);
  });
});
