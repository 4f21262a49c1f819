import { openJetStreamStore } from '#event-store';
import type { OpenLog } from '#projections/runner';
import { connectNats, type ConnectOptions } from '#runtime';

/** Opens the log from a rebuild's own thread, on a connection of its own. */
export const openLog: OpenLog = async (options) => {
  const connection = await connectNats(options as ConnectOptions);
  const { store, close } = await openJetStreamStore(connection);
  return {
    log: store,
    async close() {
      close();
      await connection.close();
    },
  };
};
