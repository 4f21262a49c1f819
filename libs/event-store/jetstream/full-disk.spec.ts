import { afterAll, expect, it } from '@jest/globals';
import { event, type EventEnvelope } from '#domain';
import { createLogger, openHome, openNats, type DiskWatch } from '#runtime';
import { mountSmallDisk } from '../../../test/support/small-disk.js';
import { created, newSessionId, posted, seal, versions } from '../conformance/fixtures.js';
import { openJetStreamStore } from './open.js';

const MIB = 1024 * 1024;
const NAME =
  'a log on a full disk refuses at once, still ends sessions, and goes on by itself when there is room';
const disk = mountSmallDisk(60, NAME);
let stop = async (): Promise<void> => undefined;
afterAll(async () => {
  await stop();
  disk?.remove();
});
const lines: string[] = [];

(disk === undefined ? it.skip : it)(NAME, async () => {
  if (disk === undefined) return;
  const logger = createLogger({ name: 'test', level: 'info', stream: { write: (line) => lines.push(line) } });
  const nats = await openNats(
    { natsServer: process.env.RAWORC_NATS_SERVER },
    await openHome(disk.path),
    logger,
  );
  const watch = nats.embedded?.disk as DiskWatch;
  const { store, attachments, close } = await openJetStreamStore(nats.connection, { space: watch });
  stop = async () => {
    close();
    await nats.close();
  };
  const sessionId = newSessionId();
  let { sequence } = await store.append(sessionId, seal(sessionId, 1, created()), 0);
  const next = (version: number, ...events: Parameters<typeof seal>[2][]) =>
    store.append(sessionId, seal(sessionId, version, ...events), sequence);
  await store.checkWritable();

  // Below the reserve.
  disk.fill(2 * MIB);
  await looks(watch, () => watch.shortage() !== undefined);
  const full = { code: 'log_full', message: expect.stringContaining('MiB are free') };
  await expect(next(2, posted('one more'))).rejects.toMatchObject(full);
  await expect(attachments.put(sessionId, Buffer.alloc(1000))).rejects.toMatchObject(full);
  await expect(store.checkWritable()).rejects.toMatchObject(full);
  ({ sequence } = await next(2, event('session.closed', { reason: 'requested' })));

  // Really full: not even that can be written.
  disk.fill(0);
  await looks(watch, () => watch.isExhausted());
  const began = performance.now();
  const other = seal(newSessionId(), 1, event('session.deleted', {})) as [EventEnvelope];
  const outcomes: unknown[] = [];
  for (let n = 0; n < 40; n++) {
    const [last] = seal(newSessionId(), 1, event('session.deleted', {})) as [EventEnvelope];
    outcomes.push(await store.append(last.subject, [last], 0).catch((error: unknown) => error));
    if (outcomes.at(-1) instanceof Error) break;
  }
  expect(outcomes.at(-1)).toMatchObject({ code: 'log_full' });
  expect(performance.now() - began).toBeLessThan(5_000);

  disk.free();
  await looks(watch, () => watch.shortage() === undefined);
  await store.append(other[0].subject, other, 0);
  ({ sequence } = await next(3, event('session.restored', { reason: 'requested' })));
  await attachments.put(sessionId, Buffer.alloc(1000));
  await store.checkWritable();
  expect(versions(await store.read(sessionId))).toEqual([1, 2, 3]);
  expect(lines.join('')).toContain('nats-server is started again');
});

async function looks(watch: DiskWatch, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      const forget = watch.onLook(() => {
        forget();
        resolve();
      });
    });
  }
}
