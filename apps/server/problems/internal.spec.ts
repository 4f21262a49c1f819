import { expect, it } from '@jest/globals';
import { startTestApp } from '../testing/test-app.js';

it('a fault inside is told to the log, and to the user only where to find it', async () => {
  const app = await startTestApp();
  app.parts.store.info = () => Promise.reject(new TypeError('database.ts is broken'));
  const reply = await app.client.get('events');
  expect(reply.status).toBe(500);
  const problem = reply.json as { code: string; detail: string; request_id: string };
  expect(problem.code).toBe('internal');
  expect(problem.detail).toContain(problem.request_id);
  expect(reply.text).not.toMatch(/database|\.ts|node_modules/);
  expect(app.logged).toHaveLength(1);
  expect(JSON.parse(app.logged[0] ?? '')).toMatchObject({
    request_id: problem.request_id,
    method: 'GET',
    path: '/api/v0/events',
    err: { stack: expect.any(String) },
  });
  await app.stop();
});
