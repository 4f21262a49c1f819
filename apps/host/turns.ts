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
import type { Attachments, EventStore, Lease, LeaseHolder } from '#event-store';
import { DiskGuards } from './disk-guards.js';
import { HOST_SETTINGS, type HostSettings } from './options.js';
import { Pictures } from './pictures.js';
import { RequestMemory } from './request-memory.js';
import { SessionSecrets } from './session-secrets.js';
import { Settling } from './tools/computer/settling.js';
import { readTurnHistory, type SessionHistory } from './turn-history.js';
import { TurnJournal, TurnOver, type JournalParts } from './turn-journal.js';
import { Turn } from './turn.js';

/** The turns that this process works on, each of which can be stopped at any moment. */
@Injectable()
export class Turns {
  private readonly active = new Map<string, { turnId: string; controller: AbortController }>();
  private readonly pictures: Pictures;
  private readonly requestMemory: RequestMemory;
  private readonly settling: Settling;
  private readonly disks: DiskGuards;

  constructor(
    @Inject(CommandBus) private readonly bus: CommandBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(ATTACHMENTS) private readonly attachments: Attachments,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(HOST_SETTINGS) private readonly settings: HostSettings,
  ) {
    this.pictures = new Pictures(attachments, settings.pictureCacheBytes);
    this.requestMemory = new RequestMemory(settings.requestBytes);
    this.settling = new Settling(settings.settleMs);
    this.disks = new DiskGuards(settings);
  }

  /** Takes up a message and works until its turn has ended. Nothing happens when it cannot be taken up any more. */
  async start(sessionId: string, messageId: string, stopping: AbortSignal): Promise<void> {
    const turnId = this.ids.uuid();
    await this.stoppable(sessionId, turnId, stopping, async (signal, lease) => {
      const history = await readTurnHistory(this.store, sessionId);
      const context = contextOf(history, messageId);
      const started = await this.tryStart(
        new StartTurn(sessionId, { turnId, messageIds: [messageId] }, context),
      );
      if (started === undefined) return;
      const { events, version, sequence } = started;
      const current = follows(history, started)
        ? { events: [...history.events, ...events], version, sequence }
        : await readTurnHistory(this.store, sessionId);
      await this.work(this.journal(lease, { sessionId, turnId, context, history: current }), signal);
    });
  }

  /** Goes on with a turn that was cut off. */
  async resume(sessionId: string, turnId: string, stopping: AbortSignal): Promise<void> {
    await this.stoppable(sessionId, turnId, stopping, async (signal, lease) => {
      const history = await readTurnHistory(this.store, sessionId);
      const context = contextOf(history, messageOf(history, turnId));
      await this.work(this.journal(lease, { sessionId, turnId, context, history }), signal, true);
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
    work: (signal: AbortSignal, lease: Lease) => Promise<void>,
  ): Promise<void> {
    const lease = await this.claim(sessionId, stopping);
    const controller = new AbortController();
    this.active.set(sessionId, { turnId, controller });
    lease.lost.addEventListener('abort', () =>
      controller.abort(new TurnOver('Another process works on this turn.')),
    );
    try {
      await work(AbortSignal.any([controller.signal, stopping]), lease);
    } finally {
      this.active.delete(sessionId);
      await lease.release().catch((error: unknown) => {
        this.settings.logger.debug({ err: error, session: sessionId }, 'a lease is left to expire');
      });
    }
  }

  /**
   * A turn that was begun elsewhere is taken over only from a process that is dead.
   * @throws LeaseHeldError
   */
  private claim(sessionId: string, signal: AbortSignal): Promise<Lease> {
    const { leases, holder } = this.settings;
    const isDead = ({ node }: LeaseHolder): boolean => node === holder.node;
    return leases.take(`turn_${sessionId}`, {
      holder: { ...holder, since: Date.now() / 1000 },
      isDead,
      signal,
    });
  }

  private journal(
    lease: Lease,
    { sessionId, turnId, context, history }: Omit<JournalParts, 'bus' | 'store' | 'confirm'>,
  ): TurnJournal {
    const confirm = async () => {
      await this.settings.confirm();
      await lease.confirm();
    };
    const { bus, store } = this;
    return new TurnJournal({ bus, store, confirm, sessionId, turnId, context, history });
  }

  private async work(journal: TurnJournal, signal: AbortSignal, resumed = false): Promise<void> {
    const { settings, store, attachments, pictures, requestMemory, settling, vault, ids } = this;
    const logger = settings.logger.child({ session: journal.sessionId, turn: journal.turnId });
    logger.info('turn begins');
    const disk = this.disks.of(journal.sessionId, journal.events, logger);
    const secrets = new SessionSecrets(journal.events, vault, settings.apiKey);
    const own = { pictures, requestMemory, settling, disk, secrets };
    const ports = { settings, store, attachments, ...own, ids, logger };
    await new Turn(journal, ports, signal, resumed).run();
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
}

/** Nothing came between what was read and what was appended. */
function follows(history: SessionHistory, { events }: CommandOutcome): boolean {
  return events[0]?.sessionversion === history.version + 1;
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
