import type { Computers } from '#computers';
import type { LeaseHolder, Leases, Signals } from '#event-store';
import type { Logger } from '#runtime';
import { MODEL_DEFAULTS, type ModelOptions } from './model.js';
import { BASH_LIMITS, type BashLimits } from './tools/bash.js';
import { SCREEN_LIMITS, SETTLE_MS, type ScreenLimits } from './tools/computer/limits.js';

/** Sessions that may have work; from a view, so it can be a little late. */
export interface LiveSessions {
  live(): Iterable<string>;
  /** Sequence on the log up to which the answer is complete. */
  position(): number;
}

export const LIVE_SESSIONS = Symbol('LIVE_SESSIONS');
export const HOST_SETTINGS = Symbol('HOST_SETTINGS');

export interface HostOptions {
  computers: Computers;
  signals: Signals;
  logger: Logger;
  /** Swept at start, so that nothing waits for an event that was acknowledged and not worked on. */
  live: LiveSessions;
  /** The service's own key for Claude; a session's secret ANTHROPIC_API_KEY comes before it. */
  apiKey?: string;
  /** The computers' place; sessions whose computer is elsewhere are left alone. */
  node: string;
  /**
   * Each turn is worked on under a lease of its own, held as this one. Other processes of the same node are dead.
   */
  leases: Leases;
  holder: LeaseHolder;
  /** Resolves when this process certainly is the one that works on sessions; rejects when it was replaced. */
  confirm: () => Promise<void>;
  /** Sessions worked on at once. */
  concurrency?: number;
  /** Requests to the model that one turn may make. */
  maxRequests?: number;
  /** Milliseconds that a turn waits for a computer that does not run, as after a restart of the service. */
  computerWaitMs?: number;
  /** Milliseconds that a tool gets to end when its turn was stopped; one that does not is left to itself. */
  toolEndMs?: number;
  model?: Partial<ModelOptions>;
  bash?: Partial<BashLimits>;
  screen?: Partial<ScreenLimits>;
  /** Milliseconds between the last action on a screen and a picture of it, at least. */
  settleMs?: number;
  /** MiB that the files of a session that sets no limit may take up on the disk; 0, the default: as much as there is. */
  maxDiskMb?: number;
  /** Milliseconds between two looks at what they take up, while a tool is at work. */
  diskLookMs?: number;
  /** Given, once, how many sessions are worked on. */
  onMeasurable?: (queued: () => number) => void;
  /** Memory for pictures in the form in which they are sent to the model, for all sessions together. */
  pictureCacheBytes?: number;
  /** Memory for large requests that are made or wait for their answer, of all sessions together. */
  requestBytes?: number;
}

export type HostSettings = Omit<
  Required<HostOptions>,
  'apiKey' | 'onMeasurable' | 'model' | 'bash' | 'screen'
> & {
  apiKey: string | undefined;
  onMeasurable: HostOptions['onMeasurable'];
  model: ModelOptions;
  bash: BashLimits;
  screen: ScreenLimits;
};

export function settingsOf(options: HostOptions): HostSettings {
  return {
    concurrency: 256,
    maxRequests: 200,
    computerWaitMs: 60_000,
    toolEndMs: 5_000,
    settleMs: SETTLE_MS,
    maxDiskMb: 0,
    diskLookMs: 3_000,
    pictureCacheBytes: 64 * 1024 * 1024,
    requestBytes: 256 * 1024 * 1024,
    ...options,
    apiKey: options.apiKey,
    onMeasurable: options.onMeasurable,
    model: { ...MODEL_DEFAULTS, ...options.model },
    bash: { ...BASH_LIMITS, ...options.bash },
    screen: { ...SCREEN_LIMITS, ...options.screen },
  };
}
