import type { MessageView, Reply } from '#projections/messages';
import type { SessionFilter, SessionPage, SessionView } from '#projections/sessions';

/** The read side as the server needs it; the classes of `#projections/*` fit. */
export interface Views {
  sessions: SessionsView;
  messages: MessagesView;
  runner: ViewRunner;
  /** What the log has that cannot be read. */
  unreadable: { count(): number };
}

export interface SessionsView {
  byId(id: string): SessionView | undefined;
  /** By an id, a name, or the beginning of an id (at least six characters). */
  resolve(reference: string): { found: SessionView } | { none: true } | { ambiguous: SessionView[] };
  /** Newest first; other work goes on meanwhile. */
  list(filter: SessionFilter & { limit?: number }, signal?: AbortSignal): Promise<SessionPage>;
  /** All that match, newest first, in chunks between which other work goes on. */
  listChunks(filter: SessionFilter, signal?: AbortSignal): AsyncIterable<SessionView[]>;
  /** Those that are not closed. */
  live(): { state: 'init' | 'idle' | 'busy' }[];
}

export interface MessagesView {
  byId(sessionId: string, messageId: string): MessageView | undefined;
  /** The last messages in the order of time; with `beforeId` only what came before that one. */
  last(sessionId: string, limit?: number, beforeId?: string): MessageView[];
  /** The same some at a time, between which other work goes on. */
  pages(sessionId: string, limit?: number, beforeId?: string): AsyncIterable<MessageView[]>;
  count(sessionId: string): number;
  /** A user's message and what its turn has said so far. */
  replyTo(sessionId: string, messageId: string): Reply | undefined;
}

export interface ViewRunner {
  /** Sequence of the last event that queries see. */
  position(): number;
  /** False when the views did not get there in time. */
  waitFor(sequence: number, milliseconds: number): Promise<boolean>;
  /** How many positions of the log queries are behind. */
  lag(): Promise<number>;
  /** Calls back after each batch, until the returned function is called. */
  onApplied(listener: (sequence: number) => void): () => void;
  health(): { status: string; sequence: number; reason?: string };
  /** Makes the views anew from the log; queries go on meanwhile. */
  rebuild(): Promise<{ sequence: number; tookMs: number }>;
}

/** Where the server says what its users need not know; pino fits. */
export interface ServerLog {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const SERVER_OPTIONS = Symbol('SERVER_OPTIONS');
export const VIEWS = Symbol('VIEWS');
