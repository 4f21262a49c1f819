import { startTestNats } from '#runtime';
import { describeEventStore } from '../conformance.js';
import { HASTY } from '../conformance/leasing.js';
import { openJetStreamStore } from './open.js';
import { passDuplicateWindow } from './testing.js';

describeEventStore('JetStream', async () => {
  const nats = await startTestNats();
  const connection = await nats.connection();
  const opened = await openJetStreamStore(connection, { duplicateWindowMs: 100, leaseTiming: HASTY });
  return {
    ...opened,
    forgetIds: () => passDuplicateWindow(connection),
    async close() {
      opened.close();
      await nats.stop();
    },
  };
});
