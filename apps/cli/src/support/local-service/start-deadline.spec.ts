import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StartDeadline } from './start-deadline.js';

const SECOND = 1_000;

describe('the deadline of a start', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is a minute for a service that says nothing', () => {
    const deadline = new StartDeadline();
    jest.advanceTimersByTime(59 * SECOND);
    expect(deadline.isOver).toBe(false);
    jest.advanceTimersByTime(2 * SECOND);
    expect(deadline.isOver).toBe(true);
  });

  it('does not come while the service says what it does, and comes when it stops to', async () => {
    const deadline = new StartDeadline();
    const notices: string[] = [];
    const output = { notices: async () => notices };
    for (let n = 1; n <= 200; n++) {
      notices.push(`The log is being read (${n * 10} s so far) …`);
      await deadline.watch(output);
      jest.advanceTimersByTime(10 * SECOND);
      expect(deadline.isOver).toBe(false);
    }
    await deadline.watch(output);
    jest.advanceTimersByTime(890 * SECOND);
    expect(deadline.isOver).toBe(true);
  });
});
