import type { Computers } from '#computers';
import type { MemoryStore } from '#event-store';

export interface Death {
  /** At which call of the outside world, counted from 1 since the life was armed. */
  call: number;
  when: 'before' | 'after';
}

/** What only listens, or is answered more than once. */
const UNCOUNTED: ReadonlySet<PropertyKey> = new Set([
  'follow',
  'followBatches',
  'consume',
  'watch',
  'subscribe',
  'publish',
  'dispose',
  'last',
  'info',
  'kept',
  'backlog',
  'inspect',
  'list',
]);

/**
 * One life of a service between its real parts. From its death on no call does anything, as of a process that was
 * killed; what was done before stays. Without a death it counts and names the calls.
 */
export class MortalLife {
  readonly calls: string[] = [];
  private readonly dying = Promise.withResolvers<void>();
  private armed = false;
  private dead = false;

  constructor(private readonly death?: Death) {}

  /** Resolves when the life is over. */
  get died(): Promise<void> {
    return this.dying.promise;
  }

  /** Calls count from now on. */
  arm(): void {
    this.armed = true;
  }

  readonly ofComputers = (computers: Computers): Computers => this.wrap('computers', computers);

  readonly ofLog = (log: MemoryStore): MemoryStore => ({
    ...log,
    store: this.wrap('store', log.store),
    names: this.wrap('names', log.names),
    keys: this.wrap('keys', log.keys),
    attachments: this.wrap('attachments', log.attachments),
  });

  private wrap<T extends object>(part: string, target: T): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== 'function') return value;
        if (key === 'scan')
          return (...args: unknown[]): unknown => (this.dead ? refuseAll() : value.apply(object, args));
        if (UNCOUNTED.has(key))
          return (...args: unknown[]): unknown => (this.dead ? refuse() : value.apply(object, args));
        return async (...args: unknown[]): Promise<unknown> => {
          const isLast = this.count(`${part}.${String(key)}`);
          if (this.dead) return refuse();
          if (isLast && this.death?.when === 'before') return this.die();
          const result: unknown = await value.apply(object, args);
          return isLast ? this.die() : this.dead ? refuse() : result;
        };
      },
    });
  }

  /** True for the call at which the life ends. */
  private count(name: string): boolean {
    if (!this.armed || this.dead) return false;
    return this.calls.push(name) === this.death?.call;
  }

  private die(): Promise<never> {
    this.dead = true;
    this.dying.resolve();
    return refuse();
  }
}

/** For what is iterated, which a promise cannot be. */
async function* refuseAll(): AsyncGenerator<never> {
  yield await refuse();
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('This life is over.'));
}
