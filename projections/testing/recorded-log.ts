import { readFileSync } from 'node:fs';
import type { LogInfo, RecordedEvent } from '#event-store';
import type { OpenLog } from '#projections/runner';

/** A log that was written to a file; a rebuild worker of a spec reads it. */
export const openLog: OpenLog = async (path) => {
  const recorded = JSON.parse(readFileSync(String(path), 'utf8')) as {
    info: LogInfo;
    events: RecordedEvent[];
  };
  const { info, events } = recorded;
  async function* batchesAfter(after: number, size: number) {
    const following = events.filter(({ sequence }) => sequence > after);
    for (let begin = 0; begin < following.length; begin += size) yield following.slice(begin, begin + size);
  }
  return {
    log: {
      info: async () => info,
      at: async (sequence) => events.find((entry) => entry.sequence === sequence),
      last: async (sessionId) => events.findLast(({ event }) => event.subject === sessionId),
      scan: ({ after }) => batchesAfter(after, 100),
      followBatches: ({ after, maxBatch }) => batchesAfter(after, maxBatch),
    },
    close: async () => undefined,
  };
};
