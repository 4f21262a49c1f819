import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { event } from '#domain';
import { createMemoryStore, type EventStore } from '#event-store';
import { mountSmallDisk } from '../../test/support/small-disk.js';
import { appendAll, createdData, HistoryWriter } from '../testing/index.js';
import { Views } from './index.js';
import { SessionQueries, sessionsProjection } from '../sessions/index.js';

const disk = mountSmallDisk(16, 'views on a full disk go on by themselves when there is room');
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const KIB = 1024;
afterAll(() => disk?.remove());

(disk === undefined ? describe.skip : describe)('views on a full disk', () => {
  let dir: string;
  let store: EventStore;
  let writer: HistoryWriter;
  let views: Views;
  let queries: SessionQueries;
  let written = 0;
  let run = 0;
  beforeEach(async () => {
    dir = join(disk?.path ?? '', `views-${++run}`);
    ({ store } = createMemoryStore());
    writer = new HistoryWriter();
    written = 0;
    views = await Views.open({ log: store, dir, projections: [sessionsProjection], logger: silent });
    queries = new SessionQueries(views.reader);
    await write(10);
    expect(await views.waitFor(10, 10_000)).toBe(true);
  });
  afterEach(async () => {
    disk?.free();
    await views.close();
  });

  /** Sessions with some metadata, so that the views need room for each. */
  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const data = createdData({
        name: `name-${writer.recorded.length}`,
        metadata: { big: 'x'.repeat(16 * KIB) },
      });
      writer.add(`session-${writer.recorded.length}`, event('session.created', data));
    }
    await appendAll(store, writer.recorded.slice(written));
    written = writer.recorded.length;
  }

  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await setImmediate();
  };

  it('answer as they were, say why they lag, and catch up when there is room', async () => {
    disk?.fill(0);
    await write(400);
    await until(() => views.health().status === 'retrying');
    expect(views.health()).toMatchObject({ reason: expect.stringMatching(/full|disk I\/O/) });
    expect(queries.byId('session-3')?.name).toBe('name-3');
    expect((await queries.list({ limit: 5 })).sessions).toHaveLength(5);
    disk?.free();
    expect(await views.waitFor(410, 20_000)).toBe(true);
    expect(queries.countAll()).toBe(410);
    expect(views.health().status).toBe('live');
  });

  it('stay as they were when a rebuild finds no room', async () => {
    disk?.fill(0);
    await expect(views.rebuild()).rejects.toMatchObject({ code: 'view_unavailable' });
    expect(queries.countAll()).toBe(10);
    disk?.free();
    await write(10);
    expect(await views.waitFor(20, 20_000)).toBe(true);
    await views.rebuild();
    expect(queries.countAll()).toBe(20);
  });

  it('that were damaged say so, and are made anew when there is room', async () => {
    await write(200);
    expect(await views.waitFor(210, 10_000)).toBe(true);
    disk?.fill(0);
    damage(join(dir, 'views.db'));
    await until(() => !answers());
    expect(() => queries.byId('session-3')).toThrow(expect.objectContaining({ code: 'view_unavailable' }));
    disk?.free();
    await until(() => views.health().status === 'live' && answers());
    expect(queries.countAll()).toBe(210);
  });

  const answers = (): boolean => {
    try {
      return queries.countAll() > 0 && queries.byId('session-3') !== undefined;
    } catch (error) {
      expect(error).toMatchObject({ code: 'view_unavailable' });
      return false;
    }
  };
});

/** Writes over all pages but the first, on which the schema is. */
function damage(path: string): void {
  for (const file of [path, `${path}-wal`]) {
    const fd = openSync(file, 'r+');
    const { size } = fstatSync(fd);
    if (size > 4096) writeSync(fd, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
    closeSync(fd);
  }
}
