import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EVENT_STORE, IDS, StartTurn, VAULT, type CommandContext, type CommandOutcome } from '#commands';
import type { Ids, Vault } from '#commands';
import { DomainError, type EventEnvelope } from '#domain';
import type { EventStore } from '#event-store';
import { HOST_SETTINGS, type HostSettings } from './options.js';
import { TurnJournal } from './turn-journal.js';
import { Turn } from './turn.js';

/** The turns that this process works on, each of which can be stopped at any moment. */
@Injectable()
export class Turns {
  private readonly active = new Map<string, { turnId: string; controller: AbortController }>();

  constructor(
    @Inject(CommandBus) private readonly bus: CommandBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(HOST_SETTINGS) private readonly settings: HostSettings,
  ) {}

  /** Takes up a message and works until its turn has ended. Nothing happens when it cannot be taken up any more. */
  async start(sessionId: string, messageId: string, stopping: AbortSignal): Promise<void> {
    const turnId = this.ids.uuid();
    await this.stoppable(sessionId, turnId, stopping, async (signal) => {
      const history = await this.read(sessionId);
      const context = contextOf(history, messageId);
      const started = await this.tryStart(
        new StartTurn(sessionId, { turnId, messageIds: [messageId] }, context),
      );
      if (started === undefined) return;
      const current = follows(history, started)
        ? [...history, ...started.events]
        : await this.read(sessionId);
      await this.work(new TurnJournal(this.bus, sessionId, turnId, context, current), signal);
    });
  }

  /** Goes on with a turn that was cut off. */
  async resume(sessionId: string, turnId: string, stopping: AbortSignal): Promise<void> {
    await this.stoppable(sessionId, turnId, stopping, async (signal) => {
      const history = await this.read(sessionId);
      const context = contextOf(history, messageOf(history, turnId));
      await this.work(new TurnJournal(this.bus, sessionId, turnId, context, history), signal);
    });
  }

  /** Stops work on a session's turn; on one turn only when its id is given. */
  stop(sessionId: string, turnId?: string): void {
    const turn = this.active.get(sessionId);
    if (turn === undefined || (turnId !== undefined && turn.turnId !== turnId)) return;
    turn.controller.abort();
  }

  private async stoppable(
    sessionId: string,
    turnId: string,
    stopping: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const controller = new AbortController();
    this.active.set(sessionId, { turnId, controller });
    try {
      await work(AbortSignal.any([controller.signal, stopping]));
    } finally {
      this.active.delete(sessionId);
    }
  }

  private async work(journal: TurnJournal, signal: AbortSignal): Promise<void> {
    const { settings, vault, ids } = this;
    const logger = settings.logger.child({ session: journal.sessionId, turn: journal.turnId });
    logger.info('turn begins');
    await new Turn(journal, { settings, vault, ids, logger }, signal).run();
    logger.info({ stopped: signal.aborted }, 'turn is over');
  }

  private async tryStart(command: StartTurn): Promise<CommandOutcome | undefined> {
    try {
      return await this.bus.execute(command);
    } catch (error) {
      if (error instanceof DomainError) return undefined;
      throw error;
    }
  }

  private async read(sessionId: string): Promise<EventEnvelope[]> {
    return (await this.store.read(sessionId)).map(({ event }) => event);
  }
}

/** Nothing came between what was read and what was appended. */
function follows(history: EventEnvelope[], { events }: CommandOutcome): boolean {
  return events[0]?.sessionversion === (history.at(-1)?.sessionversion ?? 0) + 1;
}

function messageOf(history: EventEnvelope[], turnId: string): string | undefined {
  const started = history.find((event) => event.type === 'turn.started' && event.data.turn_id === turnId);
  return started?.type === 'turn.started' ? started.data.message_ids[0] : undefined;
}

/** A turn's steps follow from its message. */
function contextOf(history: EventEnvelope[], messageId: string | undefined): CommandContext {
  const posted = history.find(
    (event) => event.type === 'message.posted' && event.data.message_id === messageId,
  );
  if (posted === undefined) return { actor: 'host' };
  return { actor: 'host', correlationId: posted.correlationid, causationId: posted.id };
}
