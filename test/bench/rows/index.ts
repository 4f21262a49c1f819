import type { Bench } from '../row.js';
import { appends } from './append.js';
import { cli } from './cli.js';
import { createSession } from './create-session.js';
import { dockerRemix } from './docker/remix.js';
import { dockerSessions } from './docker/sessions.js';
import { dockerTools } from './docker/tools.js';
import { flood } from './flood.js';
import { postMessage } from './post-message.js';
import { queries } from './queries.js';
import { rebuild } from './rebuild.js';
import { remix } from './remix.js';
import { sandboxStart } from './sandbox-start.js';
import { snapshots } from './snapshot.js';
import { sse } from './sse.js';
import { viewLag } from './view-lag.js';

/** In the order of the table. */
export const BENCHES: readonly Bench[] = [
  ...appends,
  postMessage,
  createSession,
  remix,
  sandboxStart,
  snapshots,
  rebuild,
  viewLag,
  queries,
  cli,
  sse,
  flood,
  dockerSessions,
  dockerTools,
  dockerRemix,
];
