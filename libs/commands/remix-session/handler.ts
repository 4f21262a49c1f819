import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiError, type RemixSession as RemixSessionRequest } from '#contracts';
import {
  DomainError,
  event,
  fold,
  isImage,
  planRemix,
  requireComputerHere,
  requireReadable,
  type EventEnvelope,
  type PlannedEvent,
  type RemixPoint,
  type SessionLimits,
} from '#domain';
import type { Attachments, EventStore } from '#event-store';
import type { CommandContext, CommandOutcome } from '../context.js';
import { composePrompt } from '../host-profile.js';
import { Idempotency } from '../idempotency.js';
import { withinMaxima } from '../limit-maxima.js';
import {
  ATTACHMENTS,
  COMPUTER_NODE,
  EVENT_STORE,
  IDS,
  SESSION_DEFAULTS,
  VAULT,
  type ComputerNode,
  type Ids,
  type SessionDefaults,
  type Vault,
} from '../ports.js';
import { SessionFounder, type Foundation } from '../session-founder.js';
import { SessionRepository } from '../session-repository.js';
import { userMessage } from '../user-message.js';
import { RemixSession } from './command.js';

const SNAPSHOT_WITHIN_MS = 30_000;

@CommandHandler(RemixSession)
export class RemixSessionHandler implements ICommandHandler<RemixSession, CommandOutcome> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionFounder) private readonly founder: SessionFounder,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(ATTACHMENTS) private readonly attachments: Attachments,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
    @Inject(SESSION_DEFAULTS) private readonly defaults: SessionDefaults,
  ) {}

  execute({ sessionId, payload, context }: RemixSession): Promise<CommandOutcome> {
    return this.idempotency.once(this.ids.uuid(), context, (id) =>
      this.remix(sessionId, id, payload, context),
    );
  }

  private async remix(
    sourceId: string,
    sessionId: string,
    request: RemixSessionRequest,
    context: CommandContext,
  ): Promise<CommandOutcome> {
    const history = await this.keptHistory(sourceId, request.data || request.code);
    const secrets = request.secrets ? await this.secretsOf(sourceId, history) : {};
    return this.founder.found(sessionId, { name: request.name, secrets }, context, async (foundation) => {
      const planned = this.plan(sourceId, history, request, foundation, context);
      await this.attachments.copy(sourceId, foundation.sessionId, planned.flatMap(imagesIn));
      return planned;
    });
  }

  /**
   * Right after a turn its files may not be kept yet; a remix never takes older ones silently. The log says so, not the
   * state in memory, which knows nothing of what other processes have appended.
   */
  private async keptHistory(sourceId: string, withFiles: boolean): Promise<EventEnvelope[]> {
    const { events, sequence } = await this.history(sourceId);
    if (!withFiles) return events;
    const source = fold(events);
    requireComputerHere(source, this.node);
    if (!source.snapshotDue) return events;
    await this.untilFilesAreKept(sourceId, sequence);
    return (await this.history(sourceId)).events;
  }

  private async untilFilesAreKept(sourceId: string, after: number): Promise<void> {
    const signal = AbortSignal.timeout(SNAPSHOT_WITHIN_MS);
    for await (const { event } of this.store.follow({ after, sessionId: sourceId, signal })) {
      if (event.type === 'files.snapshotted' || event.type === 'files.snapshot_failed') return;
      if (event.type === 'session.deleted' || event.type === 'session.erased') return;
    }
    throw new ApiError(
      'wait_timed_out',
      `The files of session ${sourceId} are still being kept; remix it again in a moment.`,
    );
  }

  private async history(sourceId: string): Promise<{ events: EventEnvelope[]; sequence: number }> {
    await this.sessions.load(sourceId);
    const recorded = await this.store.read(sourceId);
    const last = recorded.at(-1);
    const gone =
      last === undefined || last.event.type === 'session.deleted' || last.event.type === 'session.erased';
    if (gone) throw new DomainError('session_not_found', `There is no session ${sourceId} to remix.`);
    const events = recorded.map(({ event }) => event);
    requireReadable(fold(events));
    return { events, sequence: last.sequence };
  }

  private async secretsOf(sourceId: string, history: EventEnvelope[]): Promise<Record<string, string>> {
    const created = history[0];
    if (created?.type !== 'session.created' || Object.keys(created.data.secrets).length === 0) return {};
    return this.vault.open(sourceId, created.data.secrets);
  }

  /** The source may be older than the maxima; its remix is held to them. */
  private limitsOf([created]: EventEnvelope[]): SessionLimits | undefined {
    if (created?.type !== 'session.created') return undefined;
    return withinMaxima(created.data.limits, this.defaults.maxima);
  }

  private plan(
    sourceId: string,
    history: EventEnvelope[],
    request: RemixSessionRequest,
    { name, secrets }: Foundation,
    context: CommandContext,
  ): PlannedEvent[] {
    const { messages, data, code, metadata, model, instructions, timeout_seconds, prompt } = request;
    const planned = planRemix(history, {
      sourceId,
      at: pointOf(request.at),
      parts: { messages, data, code, secrets: request.secrets },
      overrides: {
        name,
        created_by: context.actor,
        metadata,
        model,
        instructions,
        timeout_seconds,
        limits: this.limitsOf(history),
      },
      composePrompt,
      secrets,
      newId: () => this.ids.uuid(),
    });
    if (prompt === undefined) return planned;
    return [...planned, { event: event('message.posted', userMessage(this.ids, prompt)) }];
  }
}

/** Digests of the pictures that an event names. */
function imagesIn({ event: { type, data } }: PlannedEvent): string[] {
  if (type !== 'tool.completed' || typeof data.content === 'string') return [];
  return data.content.filter(isImage).map(({ source }) => source.sha256);
}

function pointOf(at: RemixSessionRequest['at']): RemixPoint {
  if (at === undefined) return undefined;
  return typeof at === 'number' ? { version: at } : { messageId: at };
}
