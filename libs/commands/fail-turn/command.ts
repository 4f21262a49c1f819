import type { TurnFailure } from '#domain';
import { SessionMessage } from '../context.js';

/** Ends a turn that cannot go on; the message says why, for people. */
export class FailTurn extends SessionMessage<{ turnId: string; reason: TurnFailure; message: string }> {}
