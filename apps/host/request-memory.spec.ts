import { describe, expect, it } from '@jest/globals';
import { RequestMemory } from './request-memory.js';

const MB = 1024 * 1024;
const never = new AbortController().signal;

/** Requests that run until they are told to end, and the order in which they began. */
function requestsIn(memory: RequestMemory): {
  begun: string[];
  begin: (name: string, megabytes: number, signal?: AbortSignal) => { end: () => void; over: Promise<void> };
} {
  const begun: string[] = [];
  return {
    begun,
    begin(name, megabytes, signal = never) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const over = memory.hold(megabytes * MB, signal, () => {
        begun.push(name);
        return promise;
      });
      return { end: resolve, over };
    },
  };
}

describe('the memory for requests', () => {
  it('is for as many as fit, in their order', async () => {
    const { begun, begin } = requestsIn(new RequestMemory(60 * MB));
    const first = begin('first', 30);
    const second = begin('second', 30);
    const third = begin('third', 30);
    const fourth = begin('fourth', 2);
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second']);
    second.end();
    await second.over;
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second', 'third']);
    for (const { end } of [first, third, fourth]) end();
    await Promise.all([first, third, fourth].map(({ over }) => over));
    expect(begun).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('lets small ones pass, and one that is larger than all of it when it is alone', async () => {
    const { begun, begin } = requestsIn(new RequestMemory(10 * MB));
    const large = begin('large', 30);
    const other = begin('other', 5);
    const small = begin('small', 1);
    await Promise.resolve();
    expect(begun.sort()).toEqual(['large', 'small']);
    for (const { end } of [large, other, small]) end();
    await Promise.all([large, other, small].map(({ over }) => over));
  });

  it('is free again after a request that failed, and for others when one that waits is given up', async () => {
    const memory = new RequestMemory(10 * MB);
    const { begun, begin } = requestsIn(memory);
    const broken = memory.hold(8 * MB, never, () => Promise.reject(new Error('no')));
    const leaving = new AbortController();
    const waits = begin('waits', 9, leaving.signal);
    const behind = begin('behind', 2);
    leaving.abort(new Error('the turn is over'));
    await expect(broken).rejects.toThrow('no');
    await expect(waits.over).rejects.toThrow('the turn is over');
    behind.end();
    await behind.over;
    expect(begun).toEqual(['behind']);
  });
});
