import type { ResourceLimits, SessionLimits } from '#domain';

/** What the handlers need from outside; the composition provides each under its token. */

export interface Ids {
  /** UUIDv7. */
  uuid(): string;
  now(): Date;
  friendlyName(): string;
}

export interface Vault {
  seal(sessionId: string, values: Record<string, string>): Promise<Record<string, string>>;
  open(sessionId: string, sealed: Record<string, string>): Promise<Record<string, string>>;
  destroy(sessionId: string): Promise<void>;
}

/** The most of each limit that one session may have; of the disk, absent: as much as it likes. */
export type LimitMaxima = Required<ResourceLimits> & Pick<SessionLimits, 'disk_mb'>;

/** How many sessions there are, as the views of this service know it. */
export interface SessionCounts {
  /** Sequence of the last event that is counted. */
  position(): number;
  /** Sessions that are neither closed nor deleted. */
  open(): number;
  /** Sessions that are not deleted. */
  all(): number;
}

/** How many sessions there may be; 0 sets no cap. */
export interface SessionCaps {
  open: number;
  all: number;
  counts: SessionCounts;
}

export interface SessionDefaults {
  model: string;
  timeoutSeconds: number;
  /** Of sessions without a desktop that name no image; null: the computers' own. */
  image: string | null;
  /** Of sessions with a desktop that name no image; null: this service's computers can have none. */
  desktopImage: string | null;
  /** Patterns of the images that sessions may name; absent: all. */
  images?: readonly string[];
  /** Sessions that do not say get a desktop. */
  desktop: boolean;
  /** Tools can work as root inside the computers. */
  root: boolean;
  /** Which limits of a session really hold. */
  limits: readonly ('memory' | 'cpus' | 'pids')[];
  /** The most that one session may ask for; absent where nothing is refused. */
  maxima?: LimitMaxima;
  /** What computers can be made to reach. */
  networks: readonly ('egress' | 'none')[];
  /** Computers can run under a container runtime that a session names. */
  runtimes: boolean;
  /** The service has a key for the model, so a session needs none of its own. */
  hasModelKey: boolean;
}

/** Why no computer more can be had now, in a sentence; resolves to undefined while there is room. */
export type ComputerShortage = (() => Promise<string | undefined>) | undefined;

/** Where this service has its computers; undefined: they are not told apart. */
export type ComputerNode = string | undefined;

export const COMPUTER_NODE = Symbol('COMPUTER_NODE');
export const COMPUTER_SHORTAGE = Symbol('COMPUTER_SHORTAGE');
export const EVENT_STORE = Symbol('EVENT_STORE');
export const NAMES = Symbol('NAMES');
export const VAULT = Symbol('VAULT');
export const ATTACHMENTS = Symbol('ATTACHMENTS');
export const IDS = Symbol('IDS');
export const COMMAND_CLAIMS = Symbol('COMMAND_CLAIMS');
export const SESSION_DEFAULTS = Symbol('SESSION_DEFAULTS');
/** Undefined sets no caps. */
export const SESSION_CAPS = Symbol('SESSION_CAPS');
/** Milliseconds for which a command is decided again after conflicts; optional. */
export const CONFLICT_DEADLINE_MS = Symbol('CONFLICT_DEADLINE_MS');
