import type { Computers, Disruption } from '#computers';

type Listener = Parameters<Computers['watch']>[0];

/** Real computers, and a voice: what an engine would tell of one, a spec tells. */
export function tellingComputers() {
  const listeners = new Set<Listener>();
  const decorate = (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, key) {
        if (key === 'watch') {
          return (listener: Listener, signal: AbortSignal) => {
            listeners.add(listener);
            signal.addEventListener('abort', () => listeners.delete(listener));
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  return {
    decorate,
    tell: (sessionId: string, disruption: Disruption & { running: boolean }): void => {
      for (const listener of listeners) listener(sessionId, disruption);
    },
  };
}
