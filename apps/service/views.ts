import { MessageQueries, messagesProjection } from '#projections/messages';
import { Views, type ViewsLog } from '#projections/runner';
import { UnreadableQueries, unreadableProjection } from '#projections/unreadable';
import { SessionQueries, sessionsProjection } from '#projections/sessions';
import type { EventStore } from '#event-store';
import type { ConnectOptions } from '#runtime';

export interface ServiceViews {
  views: Views;
  sessions: SessionQueries;
  messages: MessageQueries;
  unreadable: UnreadableQueries;
}

/** A longer backlog is worked off while the service runs; until then it is not ready. */
const CAUGHT_UP_WITHIN_MS = 30_000;

/** All views of this node in one file, following the log, and caught up with it where that is quick. */
export async function openViews(
  log: EventStore,
  dir: string,
  logger: ViewsLog,
  connect: ConnectOptions,
  skip: ReadonlySet<number>,
): Promise<ServiceViews> {
  const projections = [sessionsProjection, messagesProjection, unreadableProjection];
  const views = await Views.open({
    log,
    dir,
    projections,
    logger,
    skip,
    rebuildWorker: {
      logModule: new URL('./log-module.js', import.meta.url).href,
      logOptions: { connect, skip },
    },
  });
  await views.caughtUp(CAUGHT_UP_WITHIN_MS);
  return {
    views,
    sessions: new SessionQueries(views.reader),
    messages: new MessageQueries(views.reader),
    unreadable: new UnreadableQueries(views.reader),
  };
}
