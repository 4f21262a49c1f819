import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Computers } from '#computers';
import type { Logger } from '#runtime';
import { TurnLog } from './turn-log.js';

describe('the log of a turn', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('keeps the end of a turn back for half a second at most, where no process can start', async () => {
    const asked: string[][] = [];
    const computers = {
      exec: (_sessionId: string, argv: string[]) => {
        asked.push(argv);
        return new Promise(() => undefined);
      },
    } as unknown as Computers;
    const journal = { sessionId: 's', turnId: 't', events: [] };
    const log = new TurnLog(journal, computers, {} as Logger);
    let closed = false;
    const closing = log.close('completed').then(() => (closed = true));
    await jest.advanceTimersByTimeAsync(499);
    expect(asked).toHaveLength(1);
    expect(closed).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closing;
  });
});
