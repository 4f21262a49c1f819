import type { DynamicModule } from '@nestjs/common';
import type { EventStore, Signals } from '#event-store';
import type { DesktopComputers } from './desktop/ports.js';
import type { ServerLog, Views } from './ports.js';

export interface ServerOptions {
  /** Of Raworc, as `GET /version` says it. */
  version: string;
  /** Name of this process among others, for metrics and readiness. */
  node: string;
  /** What a client has to send as `Authorization: Bearer`. */
  token: string;
  /** Under which clients reach this server, when a proxy is in front. */
  publicUrl?: string;
  /** `CommandsModule.register(...)`. */
  commands: DynamicModule;
  store: EventStore;
  signals: Signals;
  views: Views;
  computers: DesktopComputers;
  log: ServerLog;
  /** What else has to be right for sessions to work: by name, undefined or what is wrong. Default: nothing. */
  conditions?: () => Record<string, string | undefined>;
  /** Names of the durables that work on sessions, for metrics. */
  consumers?: readonly string[];
  /** How much the other parts of this process have to do, by name, for metrics. */
  queues?: Record<string, () => number>;
  /** Other parts of a service that runs as one process. */
  extraModules?: DynamicModule[];
  timing?: Partial<Timing>;
  streams?: Partial<StreamLimits>;
}

/** Event streams open at once. */
export interface StreamLimits {
  total: number;
  /** Of one client, told apart by its address. */
  perClient: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = { total: 1_000, perClient: 250 };

/** Milliseconds. */
export interface Timing {
  /** How long a reply waits until the views show what it tells of. */
  visibleWithin: number;
  heartbeat: number;
  /** How long a stream's client may take nothing before it is cut off. */
  stalledAfter: number;
  /** How long a browser's control of a desktop outlives this process. */
  controlLease: number;
  /** How long control waits for a connection that broke to come back. */
  controlGrace: number;
}

export const DEFAULT_TIMING: Timing = {
  visibleWithin: 2_000,
  heartbeat: 10_000,
  stalledAfter: 30_000,
  controlLease: 60_000,
  controlGrace: 5_000,
};
