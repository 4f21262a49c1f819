import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import type { Problem, Session } from '#contracts';
import { mountSmallDisk } from '../../../test/support/small-disk.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const NAME =
  'a server whose views have no room takes commands, says what lags, and goes on when there is room';
const disk = mountSmallDisk(16, NAME);
let app: TestApp | undefined;
afterAll(async () => {
  disk?.free();
  await app?.stop();
  disk?.remove();
});

(disk === undefined ? it.skip : it)(NAME, async () => {
  if (disk === undefined) return;
  app = await startTestApp({ dir: join(disk.path, 'views'), timing: { visibleWithin: 200 } });
  const { client } = app;
  const { id } = (await client.post('sessions')).json as Session;

  disk.fill(0);
  const content = 'x'.repeat(200_000);
  let reply = await client.post(`sessions/${id}/messages`, { content });
  let posted = 1;
  for (; reply.status === 201; posted++) reply = await client.post(`sessions/${id}/messages`, { content });
  expect(reply.status).toBe(202);
  const { sequence } = reply.json as { sequence: number };

  expect((await client.get(`sessions/${id}`)).status).toBe(200);
  expect((await client.get('sessions')).json).toHaveLength(1);
  const behind = await client.get(`sessions/${id}?min_sequence=${sequence}`);
  expect([behind.status, (behind.json as Problem).code]).toEqual([503, 'view_unavailable']);
  const ready = await client.get('/readyz');
  expect([ready.status, ready.text]).toEqual([503, expect.stringMatching(/full|disk I\/O/)]);
  const rebuild = await client.post('admin/rebuild');
  expect([rebuild.status, (rebuild.json as Problem).code]).toEqual([503, 'view_unavailable']);
  expect((await client.post('sessions')).status).toBe(202);

  disk.free();
  expect(await app.views.waitFor(sequence + 1, 20_000)).toBe(true);
  expect((await client.get('/readyz')).status).toBe(200);
  expect((await client.get(`sessions/${id}/messages/count`)).json).toMatchObject({ count: posted });
  expect((await client.get('sessions')).json).toHaveLength(2);
});
