import type { Computers } from '#computers';

type Verb = Exclude<keyof Computers, 'driver'>;

export interface CallPoint {
  verb: Verb;
  when: 'before' | 'after';
  /** Only calls with these arguments; default all. */
  matching?: (args: unknown[]) => boolean;
}

/** Real computers, and something else that happens just before or after a call. */
export function happeningAt(point: CallPoint, happen: () => Promise<unknown>) {
  const { verb, when, matching = () => true } = point;
  return (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          const happens = key === verb && matching(args);
          if (happens && when === 'before') await happen();
          const result: unknown = await value.apply(target, args);
          if (happens && when === 'after') await happen();
          return result;
        };
      },
    });
}

/**
 * Real computers whose caller dies at a point: the call never returns, as to a process that was killed. What
 * it did before stays.
 */
export function dyingAt(point: CallPoint) {
  const { promise: died, resolve } = Promise.withResolvers<void>();
  const decorate = happeningAt(point, () => {
    resolve();
    return new Promise(() => undefined);
  });
  return { decorate, died };
}
