import { describe, expect, it } from '@jest/globals';
import { envelop, event, type SessionEvent } from '#domain';
import type { RecordedEvent } from './event-store.js';
import { firstOf, foldSession } from './fold-session.js';

const renamed = event('session.updated', { name: 'b' });

function recorded(version: number, added: SessionEvent = renamed): RecordedEvent {
  const provenance = {
    id: `event-${version}`,
    time: '2026-01-01T00:00:00.000Z',
    source: '/test',
    actor: 'user:ada',
    commandid: 'c',
    correlationid: 'c',
  };
  return { sequence: version, storedAt: 0, event: envelop('s', version, added, provenance) };
}

/** A log whose readings come in these pages, reading after reading. */
function logOf(...readings: RecordedEvent[][][]) {
  const asked: number[] = [];
  return {
    asked,
    async *scan({ after }: { after: number }) {
      asked.push(after);
      yield* readings[Math.min(asked.length, readings.length) - 1] ?? [];
    },
  };
}

const versions = (log: ReturnType<typeof logOf>, fromSequence?: number) =>
  foldSession<number[][]>(log, {
    sessionId: 's',
    fromSequence,
    begin: () => [],
    take: (before, events) => [...before, events.map(({ event }) => event.sessionversion)],
  });

describe('folding a session', () => {
  it('takes page by page, from the beginning or from a sequence on', async () => {
    const log = logOf([[recorded(1), recorded(2)], [recorded(3)]]);
    expect(await versions(log)).toEqual([[1, 2], [3]]);
    expect(await versions(logOf([[recorded(7)], [recorded(8)]]), 7)).toEqual([[7], [8]]);
    expect(log.asked).toEqual([0]);
  });

  it('begins again after an erasure between two pages', async () => {
    const erased = recorded(9, event('session.erased', {}));
    const log = logOf([[recorded(1), recorded(2)], [erased]], [[erased]]);
    expect(await versions(log)).toEqual([[9]]);
    expect(log.asked).toEqual([0, 0]);
  });

  it.each([
    ['between two pages', [[recorded(1)], [recorded(3)]], undefined],
    ['within one', [[recorded(1), recorded(3)]], undefined],
    ['at the beginning', [[recorded(2)]], undefined],
    ['in what is new', [[recorded(7)], [recorded(9)]], 7],
  ])('fails when a version is missing %s', async (_, pages, from) => {
    await expect(versions(logOf(pages), from)).rejects.toMatchObject({ code: 'log_corrupt' });
  });

  it('reads no more than it needs for the first event', async () => {
    let pages = 0;
    const log = {
      async *scan() {
        for (pages = 1; ; pages++) yield [recorded(pages)];
      },
    };
    expect(await firstOf(log, 's')).toMatchObject({ event: { id: 'event-1' } });
    expect(pages).toBe(1);
    expect(await firstOf(logOf([]), 's')).toBeUndefined();
  });
});
