import type { CreateSession as CreateSessionRequest } from '#contracts';
import { SessionMessage } from '../context.js';

/** Makes a new session; the session id given is ignored, the outcome has the new one. */
export class CreateSession extends SessionMessage<CreateSessionRequest> {}
