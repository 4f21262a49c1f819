import type { EventEnvelope } from '../envelope.js';
import { DomainError } from '../errors.js';
import {
  event,
  type EventData,
  type RemixedFiles,
  type RemixParts,
  type SessionCreated,
  type SessionEvent,
  type SessionSettings,
} from '../events.js';
import { copyTurns, type PlannedEvent } from './copy-turns.js';
import { snapshotsIn, snapshotsLeft } from './snapshots-left.js';
import { lateStepsOf, turnBoundary, type RemixPoint } from './turn-boundary.js';

const PRUNED =
  'The snapshot of that version was deleted, because only the latest ones of a session are kept.';

export interface RemixRequest {
  sourceId: string;
  at: RemixPoint;
  parts: RemixParts;
  /** Settings of the new session; what is left out is the source's as of that point. */
  overrides: Partial<SessionSettings> & Pick<SessionSettings, 'name' | 'created_by'>;
  /** Builds the pinned prompt, which depends on the settings. */
  composePrompt: (settings: Pick<SessionSettings, 'instructions' | 'desktop' | 'root'>) => string;
  /** Sealed anew for the new session by the caller. */
  secrets: Record<string, string>;
  newId: () => string;
}

/** `session.created`, the copied turns, `session.remixed`: the whole history of the new session. */
export function planRemix(history: EventEnvelope[], request: RemixRequest): PlannedEvent[] {
  const version = turnBoundary(history, request.at);
  const prefix = history.filter((entry) => entry.sessionversion <= version);
  const created = settingsOf(prefix, request, version);
  const copies = request.parts.messages
    ? copyTurns([...prefix, ...lateStepsOf(history, version)], request.newId, created.samePrompt)
    : [];
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
        files: request.parts.code || request.parts.data ? remixedFiles(history, version, snapshot) : null,
      }),
    },
  ];
}

function isMessage({ type }: SessionEvent): boolean {
  return type === 'message.posted' || type === 'model.responded';
}

/** Of the point's own snapshot or the last one before it; where those were deleted, of the first one after it. */
function filesAsOf(history: EventEnvelope[], version: number, parts: RemixParts) {
  if (!parts.code && !parts.data) return undefined;
  const left = snapshotsLeft(history);
  const before = left.findLast(({ at_version }) => at_version <= version);
  return before ?? (isPruned(history, version) ? left[0] : undefined);
}

/** The point's own files were kept once, and are not any more. */
function isPruned(history: EventEnvelope[], version: number): boolean {
  const own = snapshotsIn(history).findLast(({ at_version }) => at_version <= version);
  return own !== undefined && !snapshotsLeft(history).includes(own);
}

/** Files of another version are never taken without saying so. */
function remixedFiles(
  history: EventEnvelope[],
  version: number,
  kept: EventData['files.snapshotted'] | undefined,
): RemixedFiles {
  const failed = history.findLast(
    (entry) => entry.type === 'files.snapshot_failed' && entry.data.at_version <= version,
  );
  const isNewer =
    failed?.type === 'files.snapshot_failed' && failed.data.at_version > (kept?.at_version ?? 0);
  const pruned = isPruned(history, version) ? PRUNED : null;
  return {
    snapshot_id: kept?.snapshot_id ?? null,
    at_version: kept?.at_version ?? null,
    fallback: pruned ?? (isNewer ? failed.data.reason : null),
    skipped: kept?.skipped ?? [],
    skipped_total: kept?.skipped_total ?? 0,
  };
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
  const system_prompt = request.composePrompt(merged);
  // Instructions that changed on the way stand in the source's messages, as text that does not come along.
  const told = prefix.some(
    (entry) => entry.type === 'session.updated' && entry.data.instructions !== undefined,
  );
  const samePrompt = !told && merged.model === data.model && system_prompt === data.system_prompt;
  return { data: { ...merged, system_prompt }, samePrompt };
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
