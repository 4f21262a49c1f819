import type { Computers } from '#computers';

type Verb = Exclude<keyof Computers, 'driver'>;

export interface CrashPoint {
  verb: Verb;
  when: 'before' | 'after';
  /** Only calls with these arguments; default all. */
  matching?: (args: unknown[]) => boolean;
}

/**
 * Real computers whose caller dies at a point: the call never returns, as to a process that was killed. What
 * it did before stays.
 */
export function dyingAt({ verb, when, matching = () => true }: CrashPoint) {
  const { promise: died, resolve } = Promise.withResolvers<void>();
  const decorate = (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          const dies = key === verb && matching(args);
          if (!dies) return value.apply(target, args);
          if (when === 'after') await value.apply(target, args);
          resolve();
          return new Promise(() => undefined);
        };
      },
    });
  return { decorate, died };
}
