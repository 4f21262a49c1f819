import type { Bench } from '../row.js';
import { appends } from './append.js';
import { createSession } from './create-session.js';
import { queries } from './queries.js';
import { rebuild } from './rebuild.js';
import { remix } from './remix.js';
import { viewLag } from './view-lag.js';

/** In the order of the table. */
export const BENCHES: readonly Bench[] = [...appends, createSession, remix, rebuild, viewLag, queries];
