import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { createdOf } from '../conformance/fixtures.js';

/** Resolves when the stream takes a message id again that it took after this call began. */
export async function passDuplicateWindow(connection: NatsConnection, id: string): Promise<void> {
  const js = jetstream(connection);
  const probe = () => js.publish(`raworc.sessions.probe-${id}`, createdOf(`probe-${id}`), { msgID: id });
  await probe();
  while ((await probe()).duplicate) await connection.flush();
}
