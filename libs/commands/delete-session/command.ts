import { SessionMessage } from '../context.js';

/** Removes a session and its computer in any state; with `erase` its history and secrets too. */
export class DeleteSession extends SessionMessage<{ erase: boolean }> {}
