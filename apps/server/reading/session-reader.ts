import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CommandOutcome } from '#commands';
import type { SessionView } from '#projections/sessions';
import { VIEWS, type Views } from '../ports.js';
import { goneSignal } from './gone-signal.js';
import { OwnWrites, type Accepted } from './own-writes.js';
import { sessionNotFound } from './session-id.pipe.js';
import { secondsOf, type WaitQuery } from './wait-query.js';
import { Watch } from './watch.js';

/** Sessions as replies show them. */
@Injectable()
export class SessionReader {
  constructor(
    @Inject(VIEWS) private readonly views: Views,
    @Inject(OwnWrites) private readonly writes: OwnWrites,
    @Inject(Watch) private readonly watch: Watch,
  ) {}

  /** @throws ApiError `session_not_found` */
  get(id: string): SessionView {
    const found = this.views.sessions.byId(id);
    if (found === undefined) throw sessionNotFound(id);
    return found;
  }

  /** The session after a command; with a wait, once it is idle, or closed and kept. */
  after(outcome: CommandOutcome, reply: FastifyReply, wait: WaitQuery = {}): Promise<SessionView | Accepted> {
    const { sessionId } = outcome;
    const seconds = secondsOf(wait);
    return this.writes.reply(outcome, reply, () =>
      seconds === undefined ? this.get(sessionId) : this.settled(sessionId, seconds, reply),
    );
  }

  private settled(id: string, seconds: number, reply: FastifyReply): Promise<SessionView> {
    const look = (): SessionView | undefined => {
      const session = this.get(id);
      const isSettled = session.state === 'idle' || (session.state === 'closed' && !session.keeping);
      return isSettled ? session : undefined;
    };
    const goal = `session ${id} to be idle, or closed with everything kept`;
    return this.watch.until(look, { seconds, goal, signal: goneSignal(reply) });
  }
}
