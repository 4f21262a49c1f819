import { setImmediate } from 'node:timers/promises';
import type { Query, ViewReader } from '#projections/runner';

export type MessageStatus = 'queued' | 'processing' | 'answered' | 'failed' | 'interrupted' | 'complete';

/** A message as the REST API shows it. */
export interface MessageView {
  id: string;
  session_id: string;
  role: 'user' | 'host' | 'system';
  content: string;
  metadata: Record<string, unknown>;
  /** Unix seconds with fraction. */
  created_at: number;
  /** Turn that answers it, or that it is part of. */
  turn_id: string | null;
  /** A user's message is queued, processing, then answered, failed or interrupted; all others are complete. */
  status: MessageStatus;
}

/** A user's message and what its turn has said so far; the answer is over when the status is not queued or processing. */
export interface Reply {
  message: MessageView;
  /** Messages of host, and of the system when the turn failed, in order; the last one is the final answer. */
  replies: MessageView[];
}

/** Messages in one page; each may be as large as a message can be. */
export const MESSAGE_PAGE = 16;

type MessageRow = Omit<MessageView, 'metadata'> & { metadata: string };

const COLUMNS = 'id, session_id, role, content, metadata, created_at, turn_id, status';

/** Questions about the messages of a session. Cleared messages do not exist here. */
export class MessageQueries {
  private readonly newest: Query<[string, number], MessageRow>;
  private readonly newestBefore: Query<[string, string, string, number], MessageRow>;
  private readonly one: Query<[string, string], MessageRow>;
  private readonly ofTurn: Query<[string, string], MessageRow>;
  private readonly placeOf: Query<[string, string], { position: number }>;
  private readonly firstOfLast: Query<[string, number, number], { position: number | null }>;
  private readonly page: Query<[string, number, number], MessageRow & { position: number }>;
  private readonly total: Query<[string], { count: number }>;

  constructor(reader: ViewReader) {
    const select = `SELECT ${COLUMNS} FROM messages`;
    this.newest = reader.query(`${select} WHERE session_id = ? ORDER BY position DESC LIMIT ?`);
    this.newestBefore = reader.query(`${select} WHERE session_id = ? AND position <
      (SELECT position FROM messages WHERE id = ? AND session_id = ?) ORDER BY position DESC LIMIT ?`);
    this.one = reader.query(`${select} WHERE id = ? AND session_id = ?`);
    this.ofTurn = reader.query(
      `${select} WHERE turn_id = ? AND session_id = ? AND role <> 'user' ORDER BY position`,
    );
    this.placeOf = reader.query('SELECT position FROM messages WHERE id = ? AND session_id = ?');
    this.firstOfLast = reader.query(`SELECT min(position) AS position FROM (
      SELECT position FROM messages WHERE session_id = ? AND position < ? ORDER BY position DESC LIMIT ?)`);
    this.page = reader.query(`SELECT position, ${COLUMNS} FROM messages
      WHERE session_id = ? AND position >= ? AND position < ? ORDER BY position LIMIT ${MESSAGE_PAGE}`);
    this.total = reader.query('SELECT count(*) AS count FROM messages WHERE session_id = ?');
  }

  /**
   * The last messages in the order of time; all of them without a limit.
   * With `beforeId` only what came before that message: nothing when the session does not have it.
   */
  last(sessionId: string, limit = -1, beforeId?: string): MessageView[] {
    const rows =
      beforeId === undefined
        ? this.newest.all(sessionId, limit)
        : this.newestBefore.all(sessionId, beforeId, sessionId, limit);
    return rows.reverse().map(viewOf);
  }

  /** As `last`, some at a time; other work goes on between, and what is cleared meanwhile does not come any more. */
  async *pages(sessionId: string, limit = -1, beforeId?: string): AsyncGenerator<MessageView[]> {
    const before = beforeId === undefined ? undefined : this.placeOf.get(beforeId, sessionId);
    if (beforeId !== undefined && before === undefined) return;
    const end = before?.position ?? Number.MAX_SAFE_INTEGER;
    let next = this.firstOfLast.get(sessionId, end, limit)?.position ?? end;
    for (;;) {
      const rows = this.page.all(sessionId, next, end);
      if (rows.length > 0) yield rows.map(({ position: _, ...row }) => viewOf(row));
      if (rows.length < MESSAGE_PAGE) return;
      next = (rows.at(-1)?.position ?? end) + 1;
      await setImmediate();
    }
  }

  count(sessionId: string): number {
    return this.total.get(sessionId)?.count ?? 0;
  }

  byId(sessionId: string, messageId: string): MessageView | undefined {
    const row = this.one.get(messageId, sessionId);
    return row === undefined ? undefined : viewOf(row);
  }

  /** What was answered to a message; undefined when the session does not have it. */
  replyTo(sessionId: string, messageId: string): Reply | undefined {
    const message = this.byId(sessionId, messageId);
    if (message === undefined) return undefined;
    const replies = message.turn_id === null ? [] : this.ofTurn.all(message.turn_id, sessionId).map(viewOf);
    return { message, replies };
  }
}

function viewOf(row: MessageRow): MessageView {
  return { ...row, metadata: JSON.parse(row.metadata) as Record<string, unknown> };
}
