import type { ContentBlock, EventOf, Usage } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';
import type { Projection } from '#projections/runner';
import { indexedPairs } from './metadata-index.js';
import { schema } from './schema.js';
import { prepareStatements } from './statements.js';

/** Skipped paths that a session's view names. */
const NAMED_SKIPPED = 3;

/** One row for each session, as the REST object shows it. */
export const projection: Projection = {
  name: 'sessions',
  version: 5,
  schema,
  module: import.meta.url,
  prepare: (db) => prepare(db),
};

function prepare(db: Database) {
  const run = prepareStatements(db);
  const index = (id: string, metadata: Record<string, unknown>): void => {
    run.forgetMetadata.run(id);
    for (const { key, value } of indexedPairs(metadata)) run.addMetadata.run(key, value, id);
  };
  return ({ event }: RecordedEvent): void => {
    const step = { id: event.subject, version: event.sessionversion, at: Date.parse(event.time) / 1000 };
    switch (event.type) {
      case 'session.created':
        run.create.run({ ...step, ...created(event) });
        return index(step.id, event.data.metadata);
      case 'session.remixed':
        return void run.remixed.run(step);
      case 'computer.started':
        return void run.computerStarted.run({
          ...step,
          container_id: event.data.computer_id,
          node: event.data.node,
        });
      case 'computer.failed':
        if (event.data.gave_up) return void run.computerGivenUp.run({ ...step, error: event.data.reason });
        return void run.computerFailed.run({ ...step, error: event.data.reason });
      case 'computer.disrupted':
        return void run.disrupted.run({ ...step, running: event.data.running ? 1 : 0 });
      case 'control.taken':
        return void run.controlled.run({ ...step, by: event.data.by });
      case 'control.released':
        return void run.controlled.run({ ...step, by: null });
      case 'message.posted':
        return void run.messagePosted.run(step);
      case 'turn.started':
        return void run.turnStarted.run({ ...step, turn_id: event.data.turn_id });
      case 'model.responded':
        return void run.modelResponded.run({ ...step, ...responded(event.data) });
      case 'tool.started':
      case 'tool.completed':
        return void run.active.run(step);
      case 'turn.completed':
      case 'turn.interrupted':
        return void run.turnEnded.run(step);
      case 'turn.failed':
        return void run.turnFailed.run(step);
      case 'files.snapshotted':
        return void run.filesKept.run({ ...step, files_not_kept: skippedIn(event.data) });
      case 'files.snapshot_failed':
        return void run.filesKept.run({ ...step, files_not_kept: notKept(event.data) });
      case 'root_filesystem.kept':
        return void run.rootFilesystemKept.run(step);
      case 'messages.cleared':
        return void run.cleared.run(step);
      case 'session.closed':
        return void run.closed.run(step);
      case 'session.restored':
        return void run.restored.run(step);
      case 'session.updated':
        run.updated.run({ ...step, ...updated(event.data) });
        if (event.data.metadata !== undefined) index(step.id, event.data.metadata);
        return;
      case 'state.forced':
        return void run.forced.run({ ...step, state: event.data.to });
      case 'session.deleted':
        run.deleted.run(step);
        return void run.forgetMetadata.run(step.id);
      case 'session.erased':
        run.erase.run({ id: step.id });
        return void run.forgetMetadata.run(step.id);
      case 'event.unreadable':
        return void run.unreadable.run({ ...step, error: errorOf(event.data) });
    }
  };
}

function created({ data }: EventOf<'session.created'>) {
  return {
    lifecycle: data.source === null ? 'live' : 'copying',
    name: data.name,
    created_by: data.created_by,
    parent_session_id: data.source?.session_id ?? null,
    parent_version: data.source?.version ?? null,
    model: data.model,
    timeout_seconds: data.timeout_seconds,
    installs: data.root === true || data.setup !== null ? 1 : 0,
    desktop: data.desktop === true ? 1 : 0,
    metadata: JSON.stringify(data.metadata),
  };
}

function responded({ content, usage }: { content: ContentBlock[]; usage: Usage }) {
  return {
    messages: content.some(isText) ? 1 : 0,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    cache_creation_input_tokens: usage.cache_creation_input_tokens,
  };
}

function notKept({ reason, at_version }: EventOf<'files.snapshot_failed'>['data']): string {
  return `All files as of version ${at_version}: ${reason}`;
}

/** Null when everything was kept. */
function skippedIn({ skipped, skipped_total }: EventOf<'files.snapshotted'>['data']): string | null {
  if (skipped_total === 0) return null;
  const named = skipped.slice(0, NAMED_SKIPPED).map(({ path, why }) => `${path} (${why})`);
  const more = skipped_total - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** Only a response that says something is a message. */
function isText(block: ContentBlock): boolean {
  return block.type === 'text' && typeof block.text === 'string' && block.text.trim() !== '';
}

function updated({ name, metadata, timeout_seconds }: EventOf<'session.updated'>['data']) {
  return {
    name: name ?? null,
    metadata: metadata === undefined ? null : JSON.stringify(metadata),
    timeout_seconds: timeout_seconds ?? null,
  };
}

function errorOf({ reason, skipped }: EventOf<'event.unreadable'>['data']): string | null {
  return skipped ? null : `This session can be read, but not changed: ${reason}.`;
}
