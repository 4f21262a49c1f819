import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { AsyncQueue } from '../async-queue.js';
import type { Signals } from '../event-store.js';
import { assertTopic } from '../tokens.js';

const PREFIX = 'raworc.signals';

interface Topic {
  subscription: Subscription;
  queues: Set<AsyncQueue<unknown>>;
}

/** Signals as plain NATS messages, seen by every process that listens; a process asks once for each topic. */
export function createJetStreamSignals(connection: NatsConnection, closing: AbortSignal): Signals {
  const topics = new Map<string, Topic>();

  const listenTo = (name: string): Topic => {
    const queues: Topic['queues'] = new Set();
    const subscription = connection.subscribe(`${PREFIX}.${name}`, {
      callback: (error, message) => {
        if (error !== null) return;
        const payload: unknown = message.json();
        for (const queue of queues) queue.push(payload);
      },
    });
    const topic = { subscription, queues };
    topics.set(name, topic);
    return topic;
  };

  return {
    publish(topic, payload) {
      assertTopic(topic);
      if (!connection.isClosed()) connection.publish(`${PREFIX}.${topic}`, JSON.stringify(payload));
    },

    subscribe(name, signal) {
      assertTopic(name);
      if (signal.aborted || closing.aborted)
        return new AsyncQueue<unknown>(AbortSignal.abort(), () => undefined);
      const topic = topics.get(name) ?? listenTo(name);
      const until = AbortSignal.any([signal, closing]);
      const queue = new AsyncQueue<unknown>(until, () => {
        topic.queues.delete(queue);
        if (topic.queues.size > 0 || topics.get(name) !== topic) return;
        topics.delete(name);
        topic.subscription.unsubscribe();
      });
      topic.queues.add(queue);
      return queue;
    },
  };
}
