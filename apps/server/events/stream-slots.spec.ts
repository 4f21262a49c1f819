import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '#contracts';
import { openEventSource, type TestEventSource } from '../testing/event-source.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';
import { StreamSlots } from './stream-slots.js';

describe('event streams of many clients', () => {
  it('are limited for each client and in total, and free when they end', () => {
    const slots = new StreamSlots({ total: 3, perClient: 2 });
    const end = slots.take('a');
    slots.take('a');
    expect(() => slots.take('a')).toThrow(expect.objectContaining({ code: 'streams_exceeded' }));
    slots.take('b');
    expect(() => slots.take('c')).toThrow(expect.objectContaining({ code: 'streams_exceeded' }));
    expect(slots.count).toBe(3);
    end();
    slots.take('c');
    expect(() => slots.take('a')).toThrow(/3 event streams are open/);
    expect(slots.count).toBe(3);
  });
});

describe('a server with room for three event streams', () => {
  let app: TestApp;
  const open: TestEventSource[] = [];
  beforeAll(async () => {
    app = await startTestApp({ streams: { total: 5, perClient: 3 } });
  });
  afterEach(() => {
    for (const source of open.splice(0)) source.close();
  });
  afterAll(() => app.stop());

  const listen = async () => {
    const source = await openEventSource(`${app.url}/api/v0/events`, { authorization: `Bearer ${TOKEN}` });
    open.push(source);
    return source;
  };

  it('answers the fourth with 429 and when to come again, until one has ended', async () => {
    const [first] = await Promise.all([listen(), listen(), listen()]);
    const refused = await app.client.get('events', { accept: 'text/event-stream' });
    expect([refused.status, (refused.json as Problem).code]).toEqual([429, 'streams_exceeded']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await app.client.get('events')).status).toBe(200);
    first.close();
    await first.ended;
    let again = await listen();
    while (again.response.status === 429) again = await listen();
    expect((await again.next(({ event }) => event === 'hello')).data).toContain('head');
  });
});
