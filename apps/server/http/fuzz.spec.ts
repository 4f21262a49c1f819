import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DiscoveryService } from '@nestjs/core';
import fc from 'fast-check';
import type { Session } from '#contracts';
import { documentedRoutes } from '../docs/routes.js';
import { arbitraryRequest, type FuzzedRequest } from '../testing/arbitrary-request.js';
import { createDesktopSession } from '../testing/desktop-client.js';
import type { Reply } from '../testing/client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const RUNS = 1_000;
/** Refusals for lack of time are right; no others may begin with a 5. */
const LATE = ['wait_timed_out', 'view_unavailable'];

let app: TestApp;
let ids: string[];
beforeAll(async () => {
  app = await startTestApp({ timing: { visibleWithin: 100 } });
  const sessions = await Promise.all([1, 2, 3].map(() => app.client.post('sessions')));
  ids = [...sessions.map(({ json }) => (json as Session).id), (await createDesktopSession(app)).id];
});
afterAll(() => app.stop());

function send({ route, reference, parameter, body, query, headers }: FuzzedRequest): Promise<Reply> {
  const search = new URLSearchParams(query);
  if (Number(search.get('wait')) > 0) search.set('wait', '0.01');
  else search.set('timeout', '0.01');
  const address = route.path
    .replace('{id}', encodeURIComponent(reference))
    .replace(/\{\w+\}/, () => encodeURIComponent(parameter));
  const path = `${address}?${search.toString()}`;
  const withBody = route.method === 'get' ? {} : { raw: body };
  const type = { 'content-type': 'application/json' };
  return app.client.send(route.method.toUpperCase(), path, { ...withBody, headers: { ...type, ...headers } });
}

it('no request makes the server fail', async () => {
  const routes = documentedRoutes(app.app.get(DiscoveryService)).filter(
    // A rebuild a request would only be slow, and what is deleted is not there for the other requests.
    ({ method, path }) => !path.endsWith('/rebuild') && !(method === 'delete' && path.endsWith('{id}')),
  );
  const statuses = new Set<number>();
  const request = arbitraryRequest(routes, [...ids, ids[0]?.slice(0, 30) ?? '', 'a-name']);
  await fc.assert(
    fc.asyncProperty(request, async (fuzzed) => {
      const reply = await send(fuzzed);
      statuses.add(reply.status);
      const { code } = (reply.json ?? {}) as { code?: string };
      if (reply.status >= 500) expect(LATE).toContain(code);
      if (reply.status >= 400) expect(code).toBeDefined();
      expect(app.logged).toEqual([]);
    }),
    { numRuns: RUNS },
  );
  expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 400, 404, 415, 422]));
}, 120_000);
