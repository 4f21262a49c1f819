import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { startTestNats } from './test-server.js';
import type { TestNats } from './test-server.js';

describe('startTestNats', () => {
  let nats: TestNats;

  beforeAll(async () => {
    nats = await startTestNats();
  });

  afterAll(() => nats.stop());

  it('serves JetStream, and connections survive a kill -9', async () => {
    const connection = await nats.connection();
    expect(connection.info?.jetstream).toBe(true);
    const reconnected = waitForStatus(connection, 'reconnect');
    await nats.kill9();
    await nats.restart();
    await reconnected;
    await connection.flush();
  });
});

async function waitForStatus(connection: NatsConnection, type: string): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === type) return;
  }
}
