export type { Block, Message } from './message.js';
export { eventsOf } from './message-stream.js';
export { refusal, startMessagesServer, type Answer, type MessagesServer } from './messages-server.js';
export { objectionTo } from './objections.js';
export * from './scripted-model.js';
