import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ATTACHMENTS,
  EVENT_STORE,
  IDS,
  StartTurn,
  VAULT,
  type CommandContext,
  type CommandOutcome,
} from '#commands';
import type { Ids, Vault } from '#commands';
import { DomainError } from '#domain';
import type { Attachments, EventStore } from '#event-store';
import { HOST_SETTINGS, type HostSettings } from './options.js';
import { Pictures } from './pictures.js';
import { Settling } from './tools/computer/settling.js';
import { TurnJournal, TurnOver, type SessionHistory } from './turn-journal.js';
import { Turn } from './turn.js';

/** The turns that this process works on, each of which can be stopped at any moment. */
@Injectable()
export class Turns {
  private readonly active = new Map<string, { turnId: string; controller: AbortController }>();
  private readonly pictures: Pictures;
  private readonly settling: Settling;

  constructor(
    @Inject(CommandBus) private readonly bus: CommandBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(ATTACHMENTS) private readonly attachments: Attachments,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(HOST_SETTINGS) private readonly settings: HostSettings,
  ) {
    this.pictures = new Pictures(attachments, settings.pictureCacheBytes);
    this.settling = new Settling(settings.settleMs);
  }

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
      const { events, sequence } = started;
      const current = follows(history, started)
        ? { events: [...history.events, ...events], sequence }
        : await this.read(sessionId);
      await this.work(new TurnJournal(this.bus, this.store, sessionId, turnId, context, current), signal);
    });
  }

  /** Goes on with a turn that was cut off. */
  async resume(sessionId: string, turnId: string, stopping: AbortSignal): Promise<void> {
    await this.stoppable(sessionId, turnId, stopping, async (signal) => {
      const history = await this.read(sessionId);
      const context = contextOf(history, messageOf(history, turnId));
      await this.work(new TurnJournal(this.bus, this.store, sessionId, turnId, context, history), signal);
    });
  }

  /** Stops work on a session's turn; on one turn only when its id is given. */
  stop(sessionId: string, turnId?: string): void {
    const turn = this.active.get(sessionId);
    if (turn === undefined || (turnId !== undefined && turn.turnId !== turnId)) return;
    turn.controller.abort(new TurnOver('The turn was ended from outside.'));
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
    const { settings, store, attachments, pictures, settling, vault, ids } = this;
    const logger = settings.logger.child({ session: journal.sessionId, turn: journal.turnId });
    logger.info('turn begins');
    const ports = { settings, store, attachments, pictures, settling, vault, ids, logger };
    await new Turn(journal, ports, signal).run();
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

  private async read(sessionId: string): Promise<SessionHistory> {
    const history = await this.store.read(sessionId);
    return { events: history.map(({ event }) => event), sequence: history.at(-1)?.sequence ?? 0 };
  }
}

/** Nothing came between what was read and what was appended. */
function follows(history: SessionHistory, { events }: CommandOutcome): boolean {
  return events[0]?.sessionversion === (history.events.at(-1)?.sessionversion ?? 0) + 1;
}

function messageOf({ events }: SessionHistory, turnId: string): string | undefined {
  const started = events.find((event) => event.type === 'turn.started' && event.data.turn_id === turnId);
  return started?.type === 'turn.started' ? started.data.message_ids[0] : undefined;
}

/** A turn's steps follow from its message. */
function contextOf({ events }: SessionHistory, messageId: string | undefined): CommandContext {
  const posted = events.find(
    (event) => event.type === 'message.posted' && event.data.message_id === messageId,
  );
  if (posted === undefined) return { actor: 'host' };
  return { actor: 'host', correlationId: posted.correlationid, causationId: posted.id };
}
