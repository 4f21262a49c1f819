import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { envelop, event, type EventEnvelope } from '#domain';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { openViews, type ServiceViews } from './views.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const data = {
  name: 'quiet-otter-42',
  model: 'm',
  system_prompt: '',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 0,
  created_by: 'user:local',
  secrets: {},
  source: null,
};

function created(sessionId: string): EventEnvelope {
  return envelop(sessionId, 1, event('session.created', { ...data, name: sessionId }), {
    id: `${sessionId}-1`,
    time: '2026-01-01T00:00:00Z',
    source: '/test',
    actor: 'user:local',
    commandid: 'c',
    correlationid: 'c',
  });
}

describe('the views of a log whose last messages are gone', () => {
  let nats: TestNats;
  let log: JetStreamStore;
  let dir: string;
  let opened: ServiceViews | undefined;
  beforeAll(async () => {
    nats = await startTestNats();
  });
  beforeEach(async () => {
    log = await openJetStreamStore(await nats.connection());
    dir = mkdtempSync(join(tmpdir(), 'raworc-start-'));
  });
  afterEach(async () => {
    await opened?.views.close();
    log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  afterAll(() => nats.stop());

  const open = () => openViews(log.store, dir, silent, { ...nats, name: 'rebuild' }, new Set());
  async function remove(filter?: string): Promise<void> {
    const jsm = await jetstreamManager(await nats.connection());
    await jsm.streams.purge('RAWORC_SESSIONS', filter === undefined ? undefined : { filter });
  }

  it.each([1, 40])('are there at once, and ready, with %i of them gone', async (gone) => {
    await log.store.append(`kept-${gone}`, [created(`kept-${gone}`)], 0);
    const { lastSequence: kept } = await log.store.info();
    for (let n = 0; n < gone; n++) {
      await log.store.append(`gone-${gone}-${n}`, [created(`gone-${gone}-${n}`)], 0);
    }
    for (let n = 0; n < gone; n++) await remove(`raworc.sessions.gone-${gone}-${n}`);
    expect((await log.store.info()).lastSequence).toBe(kept + gone);

    opened = await open();
    expect(opened.views.health()).toEqual({ status: 'live', sequence: kept });
    expect(await opened.views.lag()).toBe(0);
    await log.store.append(`new-${gone}`, [created(`new-${gone}`)], 0);
    expect(await opened.views.waitFor(kept + gone + 1, 10_000)).toBe(true);
  });

  it('are there at once when nothing is left', async () => {
    await log.store.append('last', [created('last')], 0);
    await remove();
    const { views } = (opened = await open());
    await eventually(async () => views.health().status === 'live');
    expect(views.position()).toBe(0);
  });
});
