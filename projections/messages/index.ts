export { projection as messagesProjection } from './project.js';
export { MESSAGE_PAGE, MessageQueries, type MessageStatus, type MessageView, type Reply } from './queries.js';
