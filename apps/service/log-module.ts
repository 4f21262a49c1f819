import { openJetStreamStore } from '#event-store';
import type { OpenLog } from '#projections/runner';
import { connectNats, type ConnectOptions } from '#runtime';

export interface LogModuleOptions {
  connect: ConnectOptions;
  skip: ReadonlySet<number>;
}

/** Opens the log from a rebuild's own thread, on a connection of its own. */
export const openLog: OpenLog = async (options) => {
  const { connect, skip } = options as LogModuleOptions;
  const connection = await connectNats(connect);
  const { store, close } = await openJetStreamStore(connection, { skip });
  return {
    log: store,
    async close() {
      close();
      await connection.close();
    },
  };
};
