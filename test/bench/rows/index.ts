import type { Bench } from '../row.js';
import { appends } from './append.js';
import { createSession } from './create-session.js';
import { remix } from './remix.js';

/** In the order of the table. */
export const BENCHES: readonly Bench[] = [...appends, createSession, remix];
