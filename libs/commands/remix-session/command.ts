import type { RemixSession as RemixSessionRequest } from '#contracts';
import { SessionMessage } from '../context.js';

/** Forks a session at a point of its history; the session id is the source's, the outcome has the new one. */
export class RemixSession extends SessionMessage<RemixSessionRequest> {}
