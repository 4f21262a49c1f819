import { DomainError } from './errors.js';
import type { EventEnvelope } from './envelope.js';
import {
  event,
  type ContentBlock,
  type RemixParts,
  type SessionCreated,
  type SessionEvent,
  type SessionSettings,
} from './events.js';

/** The point to fork from: a version of the source, or a message whose turn is the last to come along. */
export type RemixPoint = { version: number } | { messageId: string } | undefined;

export interface RemixRequest {
  sourceId: string;
  at: RemixPoint;
  parts: RemixParts;
  /** Settings of the new session; what is left out is the source's as of that point. */
  overrides: Partial<SessionSettings> & Pick<SessionSettings, 'name' | 'created_by'>;
  /** Builds the pinned prompt when instructions change. */
  composePrompt: (instructions: string | null) => string;
  /** Sealed anew for the new session by the caller. */
  secrets: Record<string, string>;
  newId: () => string;
}

export interface PlannedEvent {
  event: SessionEvent;
  /** The source's event that this one is a copy of. */
  causationid?: string;
}

/** `session.created`, the copied turns, `session.remixed`: the whole history of the new session. */
export function planRemix(history: EventEnvelope[], request: RemixRequest): PlannedEvent[] {
  const version = turnBoundary(history, request.at);
  const prefix = history.filter((entry) => entry.sessionversion <= version);
  const created = settingsOf(prefix, request, version);
  const copies = request.parts.messages ? copyTurns(prefix, request, created.samePrompt) : [];
  const snapshot = filesAsOf(history, version, request.parts);
  // The setup ran in the source; where its files come along, so do its effects.
  const setup = request.parts.code && snapshot !== undefined ? null : created.data.setup;
  return [
    {
      event: event('session.created', {
        ...created.data,
        setup,
        source: sourceOf(request, version, snapshot?.snapshot_id),
      }),
    },
    ...copies,
    {
      event: event('session.remixed', {
        source_id: request.sourceId,
        source_version: version,
        copied: {
          events: copies.length,
          messages: copies.filter((copy) => isMessage(copy.event)).length,
          files: snapshot?.files ?? 0,
          bytes: snapshot?.bytes ?? 0,
          secrets: Object.keys(request.secrets).length,
        },
      }),
    },
  ];
}

/**
 * The version of the last turn end at or before a version; for a message the end of its own turn.
 * Without any finished turn it is version 1: the session as created.
 */
export function turnBoundary(history: EventEnvelope[], at: RemixPoint): number {
  if (at !== undefined && 'messageId' in at) return endOfTurnOf(history, at.messageId);
  const limit = at?.version ?? Infinity;
  const last = history.at(-1)?.sessionversion ?? 0;
  if (limit !== Infinity && (limit < 1 || limit > last)) {
    throw new DomainError(
      'remix_point_not_found',
      `The session has versions 1 to ${last}; there is no version ${limit}.`,
    );
  }
  return history.findLast((entry) => entry.sessionversion <= limit && endsTurn(entry))?.sessionversion ?? 1;
}

function endOfTurnOf(history: EventEnvelope[], messageId: string): number {
  const turnId = history
    .map((entry) => {
      if (entry.type === 'turn.started' && entry.data.message_ids.includes(messageId))
        return entry.data.turn_id;
      if (entry.type === 'model.responded' && entry.data.message_id === messageId) return entry.data.turn_id;
      return undefined;
    })
    .find((id) => id !== undefined);
  const end = history.find((entry) => endsTurn(entry) && entry.data.turn_id === turnId);
  if (end !== undefined) return end.sessionversion;
  throw new DomainError(
    'remix_point_not_found',
    `Message ${messageId} is not part of a finished turn of this session; leave out "at", or name a version.`,
  );
}

type TurnEnd = Extract<EventEnvelope, { type: 'turn.completed' | 'turn.failed' | 'turn.interrupted' }>;

function endsTurn(entry: EventEnvelope): entry is TurnEnd {
  return entry.type === 'turn.completed' || entry.type === 'turn.failed' || entry.type === 'turn.interrupted';
}

function isMessage({ type }: SessionEvent): boolean {
  return type === 'message.posted' || type === 'model.responded';
}

function filesAsOf(history: EventEnvelope[], version: number, parts: RemixParts) {
  if (!parts.code && !parts.data) return undefined;
  const kept = history.findLast(
    (entry) => entry.type === 'files.snapshotted' && entry.data.at_version <= version,
  );
  return kept?.type === 'files.snapshotted' ? kept.data : undefined;
}

function sourceOf(request: RemixRequest, version: number, snapshotId: string | undefined) {
  return { session_id: request.sourceId, version, snapshot_id: snapshotId ?? null, parts: request.parts };
}

/** The source's settings as of the point, with what the remix asks for instead. */
function settingsOf(prefix: EventEnvelope[], request: RemixRequest, version: number) {
  let data: SessionCreated | undefined;
  for (const entry of prefix) {
    if (entry.type === 'session.created') data = entry.data;
    if (entry.type === 'session.updated' && data !== undefined) data = { ...data, ...entry.data };
  }
  if (data === undefined)
    throw new DomainError('remix_point_not_found', `Nothing to copy at version ${version}.`);
  const merged = { ...data, ...defined(request.overrides), secrets: request.secrets };
  const system_prompt = request.composePrompt(merged.instructions);
  const samePrompt = merged.model === data.model && system_prompt === data.system_prompt;
  return { data: { ...merged, system_prompt }, samePrompt };
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** Finished turns with their messages, under new ids; messages that no turn answered stay behind. */
function copyTurns(prefix: EventEnvelope[], request: RemixRequest, samePrompt: boolean): PlannedEvent[] {
  const ended = new Set(prefix.filter(endsTurn).map((entry) => entry.data.turn_id));
  const answered = new Set(
    prefix.flatMap((entry) =>
      entry.type === 'turn.started' && ended.has(entry.data.turn_id) ? entry.data.message_ids : [],
    ),
  );
  const ids = new Map<string, string>();
  const renamed = (id: string): string => {
    const known = ids.get(id) ?? request.newId();
    ids.set(id, known);
    return known;
  };
  return prefix.flatMap((entry) => {
    const copy = copyOf(entry, renamed, answered, ended, samePrompt);
    return copy === undefined ? [] : [{ event: copy, causationid: entry.id }];
  });
}

function copyOf(
  entry: EventEnvelope,
  renamed: (id: string) => string,
  answered: Set<string>,
  ended: Set<string>,
  samePrompt: boolean,
): SessionEvent | undefined {
  switch (entry.type) {
    case 'messages.cleared':
      return event(entry.type, entry.data);
    case 'message.posted':
      if (!answered.has(entry.data.message_id)) return undefined;
      return event(entry.type, { ...entry.data, message_id: renamed(entry.data.message_id) });
    case 'turn.started':
      if (!ended.has(entry.data.turn_id)) return undefined;
      return event(entry.type, {
        turn_id: renamed(entry.data.turn_id),
        message_ids: entry.data.message_ids.map(renamed),
      });
    case 'model.responded':
      return event(entry.type, {
        ...entry.data,
        turn_id: renamed(entry.data.turn_id),
        message_id: renamed(entry.data.message_id),
        content: samePrompt ? entry.data.content : withoutThinking(entry.data.content),
      });
    case 'tool.started':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'tool.completed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.completed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.failed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.interrupted':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    default:
      return undefined;
  }
}

/** Thinking is bound to the exact prompt before it; under another prompt the API refuses it. */
function withoutThinking(content: ContentBlock[]): ContentBlock[] {
  return content.filter(({ type }) => type !== 'thinking' && type !== 'redacted_thinking');
}
