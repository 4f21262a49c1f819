import type { IdleSession, SessionDirectory } from '../operator/index.js';
import type { ServiceViews } from './views.js';

/** Which sessions there are, for the sweeps of operator and host, answered by the sessions view. */
export function sessionDirectory({ sessions, views }: ServiceViews): SessionDirectory {
  return {
    live: () => sessions.live(),
    *idle(): Generator<IdleSession> {
      for (const { id } of sessions.idle()) {
        const session = sessions.byId(id);
        if (session !== undefined) yield session;
      }
    },
    unfinishedRemixes: (olderThanSeconds) => sessions.unfinishedRemixes(Date.now() / 1000 - olderThanSeconds),
    exists: (id) => sessions.byId(id) !== undefined,
    position: () => views.position(),
  };
}
