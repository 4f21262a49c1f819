import type { ContentBlock, EventEnvelope } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection } from '#projections/runner';
import type { Database } from 'better-sqlite3';
import { schema } from './schema.js';

/**
 * One row for each message: what a user posted, what the model said, and why a turn failed.
 * Cleared messages and those of deleted sessions have none.
 */
export const projection: Projection = {
  name: 'messages',
  version: 1,
  schema,
  module: import.meta.url,
  prepare: (db) => prepare(db),
};

interface NewMessage {
  id: string;
  role: 'user' | 'host' | 'system';
  status: 'queued' | 'complete';
  turnId: string | null;
  metadata: Record<string, unknown>;
  content: string;
}

function prepare(db: Database) {
  const insert = db.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const takeUp = db.prepare(
    `UPDATE messages SET status = 'processing', turn_id = ? WHERE id = ? AND session_id = ? AND role = 'user'`,
  );
  const settle = db.prepare(`UPDATE messages SET status = ? WHERE session_id = ? AND status = 'processing'`);
  const removeAll = db.prepare('DELETE FROM messages WHERE session_id = ?');

  const add = (event: EventEnvelope, message: NewMessage): void => {
    const { id, role, status, turnId, metadata, content } = message;
    const at = Date.parse(event.time) / 1000;
    insert.run(
      event.subject,
      event.sessionversion,
      id,
      role,
      status,
      turnId,
      at,
      JSON.stringify(metadata),
      content,
    );
  };

  return ({ event }: RecordedEvent): void => {
    const session = event.subject;
    switch (event.type) {
      case 'message.posted': {
        const { message_id: id, content, metadata } = event.data;
        return add(event, { id, role: 'user', status: 'queued', turnId: null, metadata, content });
      }
      case 'turn.started':
        for (const id of event.data.message_ids) takeUp.run(event.data.turn_id, id, session);
        return;
      case 'model.responded': {
        const { message_id: id, turn_id: turnId } = event.data;
        const content = textOf(event.data.content);
        if (content.trim() !== '')
          add(event, { id, role: 'host', status: 'complete', turnId, metadata: {}, content });
        return;
      }
      case 'turn.completed':
        return void settle.run('answered', session);
      case 'turn.interrupted':
        return void settle.run('interrupted', session);
      case 'turn.failed': {
        const { turn_id: turnId, reason, message: content } = event.data;
        settle.run('failed', session);
        return add(event, {
          id: event.id,
          role: 'system',
          status: 'complete',
          turnId,
          metadata: { code: reason },
          content,
        });
      }
      case 'computer.failed':
        // Giving up ends the turn, whether or not it was ended by an event of its own.
        if (event.data.gave_up) settle.run('failed', session);
        return;
      case 'messages.cleared':
      case 'session.deleted':
      case 'session.erased':
        removeAll.run(session);
        return;
      default:
        return;
    }
  };
}

/** What the model said, as it was streamed: its text blocks on end. */
function textOf(content: ContentBlock[]): string {
  return content
    .filter(({ type }) => type === 'text')
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('');
}
