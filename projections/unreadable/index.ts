export { projection as unreadableProjection } from './project.js';
export { UnreadableQueries, type UnreadableEvent } from './queries.js';
