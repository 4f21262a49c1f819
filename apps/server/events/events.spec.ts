import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session, StreamedDelta, StreamedEvent } from '#contracts';
import { openEventSource, type TestEventSource } from '../testing/event-source.js';
import { respond, startComputer, startTurn } from '../testing/lifecycle.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

let app: TestApp;
const open = new Set<TestEventSource>();
beforeAll(async () => {
  app = await startTestApp({ timing: { heartbeat: 20 } });
});
afterEach(() => {
  for (const source of open) source.close();
  open.clear();
});
afterAll(() => app.stop());

async function listen(path: string, headers: Record<string, string> = {}): Promise<TestEventSource> {
  const url = `${app.url}/api/v0/${path}`;
  const source = await openEventSource(url, { authorization: `Bearer ${TOKEN}`, ...headers });
  open.add(source);
  return source;
}

async function createSession(): Promise<string> {
  return ((await app.client.post('sessions')).json as Session).id;
}

const post = (id: string, content: string) => app.client.post(`sessions/${id}/messages`, { content });
const idOf = (message: { id?: string } | undefined): number => Number(message?.id);
const textOf = (data: string): string => (JSON.parse(data) as StreamedDelta).text;
const contentOf = (data: string) =>
  ((JSON.parse(data) as StreamedEvent).data as { content?: string }).content;

describe('events as JSON', () => {
  it('are those of a session, after a sequence, as many as asked for', async () => {
    const id = await createSession();
    await post(id, 'one');
    await post(id, 'two');
    const all = (await app.client.get(`sessions/${id}/events`)).json as StreamedEvent[];
    expect(all.map(({ type, sessionversion }) => [type, sessionversion])).toEqual([
      ['session.created', 1],
      ['message.posted', 2],
      ['message.posted', 3],
    ]);
    expect(all[0]).not.toHaveProperty('data.secrets');
    const [first] = all;
    const rest = await app.client.get(`sessions/${id}/events?after=${first?.sequence}&limit=1`);
    expect(rest.json).toEqual([all[1]]);
    expect((await app.client.get(`sessions/${id}/events?after=${all[2]?.sequence}`)).text).toBe('[]');
  });

  it('are those of all sessions', async () => {
    const id = await createSession();
    const { lastSequence } = await app.parts.store.info();
    const all = (await app.client.get('events')).json as StreamedEvent[];
    expect(all.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: lastSequence }, (_, n) => n + 1),
    );
    const last = (await app.client.get(`events?after=${lastSequence - 1}`)).json as StreamedEvent[];
    expect(last.map(({ subject }) => subject)).toEqual([id]);
    expect((await app.client.get('events?limit=1')).json).toHaveLength(1);
    const beyond = await app.client.get('events?after=9000000000000000');
    expect([beyond.status, beyond.json]).toEqual([409, expect.objectContaining({ code: 'cursor_invalid' })]);
  });
});

describe('events as a stream', () => {
  it('begin with the end of the log, then tell what was and what happens', async () => {
    const id = await createSession();
    const source = await listen(`sessions/${id}/events`);
    expect(source.response.headers.get('content-type')).toContain('text/event-stream');
    const hello = await source.next(({ event }) => event === 'hello');
    const { lastSequence } = await app.parts.store.info();
    expect([hello.id, JSON.parse(hello.data)]).toEqual([undefined, { head: lastSequence }]);
    const created = await source.next(({ event }) => event === 'session.created');
    expect(created.id).toBe(String(lastSequence));
    await post(id, 'live');
    const posted = await source.next(({ event }) => event === 'message.posted');
    expect(posted.id).toBe(String((JSON.parse(posted.data) as StreamedEvent).sequence));
    expect(source.received[0]).toBe(hello);
  });

  it('of all sessions begin now, or after what was asked for', async () => {
    await createSession();
    const { lastSequence } = await app.parts.store.info();
    const live = await listen('events');
    await live.next(({ event }) => event === 'hello');
    const fromStart = await listen('events?after=0');
    const id = await createSession();
    const first = await live.next(({ event }) => event === 'session.created');
    expect((JSON.parse(first.data) as StreamedEvent).subject).toBe(id);
    await fromStart.next((message) => message.id === String(lastSequence + 1));
    expect(fromStart.received.filter((message) => message.id !== undefined)).toHaveLength(lastSequence + 1);
  });

  it('go on after Last-Event-ID, which counts more than the query', async () => {
    const id = await createSession();
    await post(id, 'one');
    await post(id, 'two');
    const { lastSequence } = await app.parts.store.info();
    const source = await listen(`sessions/${id}/events?after=0`, {
      'last-event-id': String(lastSequence - 1),
    });
    const next = await source.next((message) => message.id !== undefined);
    expect(contentOf(next.data)).toBe('two');
    const refused = await listen(`sessions/${id}/events`, { 'last-event-id': 'x' });
    expect(refused.response.status).toBe(422);
  });

  it('keep the connection alive', async () => {
    const source = await listen('events');
    await source.next(({ event }) => event === 'hello');
    const id = await createSession();
    const live = await listen(`sessions/${id}/events`);
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (live.comments.length < 2) return;
        clearInterval(look);
        resolve();
      }, 5);
    });
    expect(live.comments).toContain('heartbeat');
  });

  it('carry the text of a reply as it comes, until the whole is there', async () => {
    const id = await createSession();
    await startComputer(app, id);
    const messageId = ((await post(id, 'hi')).json as { id: string }).id;
    const turnId = await startTurn(app, id, messageId);
    const source = await listen(`sessions/${id}/events`);
    await source.next(({ event }) => event === 'turn.started');
    const delta: StreamedDelta = {
      session_id: id,
      turn_id: turnId,
      message_id: `reply-of-${turnId}`,
      after: idOf(source.received.at(-1)),
      text: 'Hel',
    };
    app.parts.signals.publish(`deltas.${id}`, delta);
    const piece = await source.next(({ event }) => event === 'delta');
    expect([piece.id, JSON.parse(piece.data)]).toEqual([undefined, delta]);
    await respond(app, id, turnId, 'Hello');
    await source.next(({ event }) => event === 'model.responded');
    app.parts.signals.publish(`deltas.${id}`, { ...delta, text: 'late' });
    await post(id, 'next');
    await source.next(({ event, data }) => event === 'message.posted' && contentOf(data) === 'next');
    expect(source.received.filter(({ event }) => event === 'delta')).toEqual([piece]);
  });

  it('carry no text before the event that it follows', async () => {
    const id = await createSession();
    const source = await listen(`sessions/${id}/events`);
    const created = idOf(await source.next(({ event }) => event === 'session.created'));
    const delta = { session_id: id, turn_id: 'turn', message_id: 'reply', after: created, text: 'in time' };
    app.parts.signals.publish(`deltas.${id}`, { ...delta, after: created + 1, text: 'early' });
    app.parts.signals.publish(`deltas.${id}`, delta);
    await source.next(({ event, data }) => event === 'delta' && textOf(data) === 'in time');
    await post(id, 'the event in between');
    await source.next(({ event, data }) => event === 'delta' && textOf(data) === 'early');
    const order = source.received.map(({ event, data }) => (event === 'delta' ? textOf(data) : event));
    expect(order.filter((each) => each !== 'hello')).toEqual([
      'session.created',
      'in time',
      'message.posted',
      'early',
    ]);
  });

  it('end when the session is deleted, and when the server stops', async () => {
    const id = await createSession();
    const source = await listen(`sessions/${id}/events`);
    await app.client.send('DELETE', `sessions/${id}`);
    await source.ended;
    expect(source.received.at(-1)?.event).toBe('session.deleted');
    const other = await startTestApp();
    const all = await openEventSource(`${other.url}/api/v0/events`, { authorization: `Bearer ${TOKEN}` });
    await all.next(({ event }) => event === 'hello');
    await other.stop();
    await all.ended;
  });

  it('are not there for a session that is not', async () => {
    expect((await listen('sessions/nobody/events')).response.status).toBe(404);
  });
});
