import { AsyncQueue } from '../async-queue.js';
import type { Signals } from '../event-store.js';
import { assertTopic } from '../tokens.js';

export function createMemorySignals(): Signals {
  const listeners = new Map<string, Set<(wire: string) => void>>();
  return {
    publish(topic, payload) {
      assertTopic(topic);
      const wire = JSON.stringify(payload);
      for (const listen of listeners.get(topic) ?? []) listen(wire);
    },

    subscribe(topic, signal) {
      assertTopic(topic);
      const listen = (wire: string) => queue.push(JSON.parse(wire));
      const ofTopic = listeners.get(topic) ?? new Set();
      listeners.set(topic, ofTopic.add(listen));
      const queue = new AsyncQueue<unknown>(signal, () => {
        ofTopic.delete(listen);
        if (ofTopic.size === 0 && listeners.get(topic) === ofTopic) listeners.delete(topic);
      });
      return queue;
    },
  };
}
