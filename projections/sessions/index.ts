export { decodeCursor, encodeCursor, InvalidCursorError } from './cursor.js';
export type { SessionFilter } from './list-sql.js';
export { projection as sessionsProjection } from './project.js';
export {
  SessionQueries,
  type IdleSession,
  type LiveSession,
  type Resolution,
  type SessionPage,
} from './queries.js';
export type { SessionView } from './session.js';
