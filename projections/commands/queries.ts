import type { Query, ViewReader } from '#projections/runner';

/** What a command with an idempotency key did. */
export interface CommandRecord {
  command_id: string;
  session_id: string;
  /** Digest of its request. */
  hash: string;
  /** The session's version, the log's sequence and the event after the command. */
  version: number;
  sequence: number;
  event_id: string;
  /** Unix seconds. */
  at: number;
}

/** Looks up earlier commands, seven days back. */
export class CommandQueries {
  private readonly one: Query<[string], CommandRecord>;

  constructor(reader: ViewReader) {
    this.one = reader.query('SELECT * FROM commands WHERE command_id = ?');
  }

  find(commandId: string): CommandRecord | undefined {
    return this.one.get(commandId);
  }
}
