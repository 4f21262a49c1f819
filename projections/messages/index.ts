export { projection as messagesProjection } from './project.js';
export { MessageQueries, type MessageStatus, type MessageView, type Reply } from './queries.js';
