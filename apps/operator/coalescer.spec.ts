import { describe, expect, it, jest } from '@jest/globals';
import { Coalescer } from './coalescer.js';

/** A task whose runs end when told to. */
function controlled(slots: number) {
  const runs: { key: string; end: () => void; fail: (error: Error) => void }[] = [];
  const task = (key: string) =>
    new Promise<void>((end, fail) => {
      runs.push({ key, end, fail });
    });
  return { runs, coalescer: new Coalescer(task, slots) };
}

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

describe('Coalescer', () => {
  it('makes one more run for everything asked for while one is going on', async () => {
    const { runs, coalescer } = controlled(10);
    const first = coalescer.run('a');
    const later = [coalescer.run('a'), coalescer.run('a'), coalescer.run('a')];
    runs[0]?.end();
    await first;
    await turnOfTheLoop();
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await Promise.all(later);
    expect(runs).toHaveLength(2);
  });

  it('runs different keys side by side, but not more than there are slots', async () => {
    const { runs, coalescer } = controlled(2);
    const all = Promise.all(['a', 'b', 'c'].map((key) => coalescer.run(key)));
    expect(runs.map(({ key }) => key)).toEqual(['a', 'b']);
    runs[1]?.end();
    await turnOfTheLoop();
    expect(runs.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    for (const { end } of runs) end();
    await all;
  });

  it('runs again after a failure, which reaches only those who asked for that run', async () => {
    const { runs, coalescer } = controlled(1);
    const failing = coalescer.run('a');
    const next = coalescer.run('a');
    runs[0]?.fail(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    await turnOfTheLoop();
    runs[1]?.end();
    await expect(next).resolves.toBeUndefined();
  });

  it('is settled when nothing runs any more', async () => {
    const { runs, coalescer } = controlled(1);
    const all = [coalescer.run('a'), coalescer.run('a'), coalescer.run('b')];
    let settled = false;
    const settling = coalescer.settled().then(() => (settled = true));
    for (let run = 0; run < 3; run++) {
      expect(settled).toBe(false);
      runs[run]?.end();
      await turnOfTheLoop();
    }
    await Promise.all([...all, settling]);
  });

  it('does not let slow tasks keep others waiting', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { runs, coalescer } = controlled(2);
      const all = ['slow', 'slower', 'c', 'd', 'e'].map((key) => coalescer.run(key));
      expect(runs.map(({ key }) => key)).toEqual(['slow', 'slower']);
      jest.advanceTimersByTime(2_000);
      await turnOfTheLoop();
      expect(runs.map(({ key }) => key)).toEqual(['slow', 'slower', 'c', 'd']);
      runs[0]?.end();
      await turnOfTheLoop();
      expect(runs).toHaveLength(4);
      runs[2]?.end();
      await turnOfTheLoop();
      expect(runs.map(({ key }) => key)).toEqual(['slow', 'slower', 'c', 'd', 'e']);
      for (const { end } of runs) end();
      await Promise.all(all);
    } finally {
      jest.useRealTimers();
    }
  });
});
