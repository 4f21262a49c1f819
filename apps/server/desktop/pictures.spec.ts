import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ComputerError, type ComputerErrorCode } from '#computers';
import type { Problem, Session } from '#contracts';
import { createDesktopSession } from '../testing/desktop-client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1);
let app: TestApp;
let session: Session;
beforeAll(async () => {
  app = await startTestApp();
  session = await createDesktopSession(app);
});
afterEach(() => {
  app.desktops.failure = undefined;
});
afterAll(() => app.stop());

const screenshot = (reference: string) => app.client.get(`sessions/${reference}/screenshot`);
const codeOf = ({ json }: { json: unknown }) => (json as Problem).code;

describe('a screenshot', () => {
  it('is the picture of now, by id, name and beginning of the id', async () => {
    for (const reference of [session.id, session.name, session.id.slice(0, 30)]) {
      const { status, headers, text } = await screenshot(reference);
      expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
        200,
        'image/jpeg',
        'no-store',
      ]);
      expect(text).not.toBe('');
    }
  });

  it('is none where there is no desktop, or no running computer', async () => {
    const { id } = (await app.client.post('sessions')).json as Session;
    expect(codeOf(await screenshot(id))).toBe('desktop_missing');
    const starting = (await app.client.post('sessions', { desktop: true })).json as Session;
    expect(codeOf(await screenshot(starting.id))).toBe('computer_not_running');
    await app.client.post(`sessions/${starting.id}/close`);
    const closed = await screenshot(starting.id);
    expect([closed.status, codeOf(closed)]).toEqual([409, 'computer_not_running']);
    expect((closed.json as Problem).detail).toContain('restore');
  });

  it.each<[ComputerErrorCode, number, string]>([
    ['no_desktop', 409, 'desktop_missing'],
    ['computer_not_running', 409, 'computer_not_running'],
    ['computer_not_found', 409, 'computer_not_running'],
    ['desktop_failed', 503, 'computer_failed'],
    ['driver_unavailable', 503, 'computer_failed'],
    ['disk_full', 503, 'computer_failed'],
  ])('that fails with %s is %d %s', async (code, status, shown) => {
    app.desktops.failure = new ComputerError(code, 'It did not work.');
    const reply = await screenshot(session.id);
    expect([reply.status, codeOf(reply)]).toEqual([status, shown]);
    expect((reply.json as Problem).detail).toBe('It did not work.');
  });
});

describe('an attachment', () => {
  it.each([
    ['image/jpeg', JPEG],
    ['image/png', PNG],
    ['application/octet-stream', Uint8Array.of(60, 104, 116, 109, 108, 62)],
  ])('is sent as %s, to be kept forever', async (type, bytes) => {
    const sha256 = await app.parts.attachments.put(session.id, bytes);
    const path = `sessions/${session.name}/attachments/${sha256}`;
    const response = await fetch(`${app.url}/api/v0/${path}`, {
      headers: { authorization: 'Bearer a-token-for-specs' },
    });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    const etag = response.headers.get('etag') ?? '';
    expect(etag).toBe(`"${sha256}"`);
    expect((await app.client.get(path, { 'if-none-match': etag })).status).toBe(304);
  });

  it('is not read for a client that has it', async () => {
    const sha256 = await app.parts.attachments.put(session.id, PNG);
    const read = jest.spyOn(app.parts.attachments, 'get');
    const path = `sessions/${session.id}/attachments/${sha256}`;
    const reply = await app.client.get(path, { 'if-none-match': `W/"x", "${sha256}"` });
    expect([reply.status, reply.text, reply.headers.get('etag')]).toEqual([304, '', `"${sha256}"`]);
    expect(read).not.toHaveBeenCalled();
    expect((await app.client.get(path)).status).toBe(200);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('is not there under another session, digest or name', async () => {
    const sha256 = await app.parts.attachments.put(session.id, JPEG);
    const other = (await app.client.post('sessions')).json as Session;
    const nothing = createHash('sha256').update('nothing').digest('hex');
    for (const [id, name] of [
      [other.id, sha256],
      [session.id, nothing],
      [session.id, '..%2f..'],
      [session.id, sha256.toUpperCase()],
    ]) {
      const reply = await app.client.get(`sessions/${id}/attachments/${name}`);
      expect([reply.status, codeOf(reply)]).toEqual([404, 'attachment_not_found']);
    }
    expect(codeOf(await app.client.get(`sessions/nobody/attachments/${sha256}`))).toBe('session_not_found');
  });
});
