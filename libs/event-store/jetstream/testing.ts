import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { created, newSessionId, seal } from '../conformance/fixtures.js';

/** Resolves when the stream takes a message id again that it took after this call began. */
export async function passDuplicateWindow(connection: NatsConnection): Promise<void> {
  const sessionId = newSessionId();
  const js = jetstream(connection);
  const payload = JSON.stringify(seal(sessionId, 1, created())[0]);
  const probe = () => js.publish(`raworc.sessions.${sessionId}`, payload, { msgID: sessionId });
  await probe();
  while ((await probe()).duplicate) await connection.flush();
}
