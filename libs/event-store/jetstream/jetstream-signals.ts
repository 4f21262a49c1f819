import type { NatsConnection } from '@nats-io/transport-node';
import { AsyncQueue } from '../async-queue.js';
import type { Signals } from '../event-store.js';
import { assertTopic } from '../tokens.js';

const PREFIX = 'raworc.signals';

/** Signals as plain NATS messages, seen by every process that listens. */
export function createJetStreamSignals(connection: NatsConnection, closing: AbortSignal): Signals {
  return {
    publish(topic, payload) {
      assertTopic(topic);
      if (!connection.isClosed()) connection.publish(`${PREFIX}.${topic}`, JSON.stringify(payload));
    },

    subscribe(topic, signal) {
      assertTopic(topic);
      const subscription = connection.subscribe(`${PREFIX}.${topic}`, {
        callback: (error, message) => {
          if (error === null) queue.push(message.json());
        },
      });
      const queue = new AsyncQueue<unknown>(AbortSignal.any([signal, closing]), () =>
        subscription.unsubscribe(),
      );
      return queue;
    },
  };
}
