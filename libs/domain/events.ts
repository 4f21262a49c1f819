/** Everything that can happen to a session. The data is what the log keeps, so its fields are snake_case. */

export type SessionStatus = 'init' | 'idle' | 'busy' | 'closed';

/** A content block of the Messages API, kept byte for byte. */
export interface ContentBlock {
  type: string;
  [field: string]: unknown;
}

export interface ToolUseBlock extends ContentBlock {
  type: 'tool_use';
  id: string;
  name: string;
  input: unknown;
  /** For a member of a toolset, whose name the result has to repeat. */
  toolset_name?: string;
}

/** A picture in a tool's result: the event names it, the bytes are kept beside the log. */
export interface ImageBlock extends ContentBlock {
  type: 'image';
  source: ImageReference;
}

export interface ImageReference {
  type: 'attachment';
  media_type: 'image/jpeg' | 'image/png';
  /** Hex digest of the picture, under which the session's attachments have it. */
  sha256: string;
  bytes: number;
}

export function isToolUse(block: ContentBlock): block is ToolUseBlock {
  return block.type === 'tool_use';
}

export function isImage(block: ContentBlock): block is ImageBlock {
  return block.type === 'image' && (block as Partial<ImageBlock>).source?.type === 'attachment';
}

/** Tokens of one model request, as the API reports them. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
}

export interface ResourceLimits {
  memory_mb?: number;
  cpus?: number;
  pids?: number;
}

export interface SessionLimits extends ResourceLimits {
  /** What its files may take up on the disk. */
  disk_mb?: number;
}

/** What a remix takes along from its source. */
export interface RemixParts {
  messages: boolean;
  data: boolean;
  code: boolean;
  secrets: boolean;
}

/** Where a remixed session comes from: the source's version at a turn boundary, and its files as of then. */
export interface RemixSource {
  session_id: string;
  version: number;
  snapshot_id: string | null;
  parts: RemixParts;
}

/** Which files of its source a remix has. */
export interface RemixedFiles {
  /** Null: none had been kept by then. */
  snapshot_id: string | null;
  /** The source's version whose files these are. */
  at_version: number | null;
  /** Why the files are older than the conversation, where they are: those of its own version could not be kept. */
  fallback: string | null;
  /** What the snapshot does not hold. */
  skipped: SkippedFile[];
  skipped_total: number;
}

export interface SessionSettings {
  name: string;
  model: string;
  /** Pinned at creation: the model sees these exact bytes in every request. */
  system_prompt: string;
  /** Tool definitions as sent to the model, pinned at creation. */
  tools: Record<string, unknown>[];
  instructions: string | null;
  /** Shell script, run once when the computer is made. */
  setup: string | null;
  limits: SessionLimits;
  image: string | null;
  /** The computer has a screen, and Host the tools to use it. Absent: no. */
  desktop?: boolean;
  /** Host's tools work as root inside the computer. Absent: no. */
  root?: boolean;
  /** `none`: the computer reaches nothing but itself. Absent: egress. */
  network?: 'egress' | 'none';
  /** The container runtime that its computer runs under. Absent: the service's. */
  runtime?: string;
  metadata: Record<string, unknown>;
  /** Seconds idle until the session closes by itself; 0 = never. */
  timeout_seconds: number;
  created_by: string;
}

export interface SessionCreated extends SessionSettings {
  /** Name → sealed value; readable only with the session's data key. */
  secrets: Record<string, string>;
  source: RemixSource | null;
}

export type TurnFailure =
  | 'model_unavailable'
  | 'model_rejected'
  | 'model_key_rejected'
  | 'model_key_missing'
  | 'model_refused'
  | 'output_limit'
  | 'context_limit'
  | 'step_limit'
  /** Several replies in a row said nothing. */
  | 'empty_reply'
  /** The log takes no new steps, because its disk is full. */
  | 'log_full'
  | 'computer_unavailable'
  | 'internal';

export type ToolOutcome = 'completed' | 'failed' | 'interrupted' | 'not_executed' | 'unknown';

/** What ended or hurt a computer that nobody had asked to end. */
export type Disruption = 'out_of_memory' | 'killed' | 'exited' | 'engine_restarted' | 'disk_full' | 'paused';

/** A path that a snapshot does not hold. */
export interface SkippedFile {
  path: string;
  why: string;
}

export type UnreadableProblem =
  | 'not_json'
  | 'not_an_event'
  | 'wrong_session'
  | 'unknown_type'
  | 'newer_schema'
  | 'wrong_data'
  | 'data_missing'
  | 'data_damaged'
  | 'skipped';

export interface EventData {
  'session.created': SessionCreated;
  /** Ends the replayed prefix of a remix; before it the new session is not usable. */
  'session.remixed': {
    source_id: string;
    source_version: number;
    copied: { events: number; messages: number; files: number; bytes: number; secrets: number };
    /** Null when no files were asked for. */
    files: RemixedFiles | null;
  };
  'computer.started': {
    driver: string;
    node: string;
    image: string | null;
    computer_id: string;
    took_ms: number;
    /** What the computer was made from this time. */
    origin: 'created' | 'remixed' | 'restarted';
  };
  'computer.failed': { reason: string; attempt: number; gave_up: boolean };
  /** Something happened to a computer by itself; one that does not run any more is started again where it should run. */
  'computer.disrupted': { reason: Disruption; detail: string; running: boolean };
  /** A person uses the desktop; Host waits until it is released, or until then (unix seconds). Taken again, it is prolonged. */
  'control.taken': { lease_id: string; by: string; until: number };
  'control.released': { lease_id: string; reason: 'returned' | 'disconnected' | 'expired' };
  'message.posted': { message_id: string; role: 'user'; content: string; metadata: Record<string, unknown> };
  'turn.started': { turn_id: string; message_ids: string[] };
  /**
   * Follows the end of its turn when that was ended from outside while the model replied: then it is what the model
   * had said by then.
   */
  'model.responded': {
    turn_id: string;
    message_id: string;
    model: string;
    content: ContentBlock[];
    /** The API's; `interrupted` when the reply was cut off. */
    stop_reason: string;
    usage: Usage;
    /** sha256 of the request, to prove that request n is a prefix of request n+1. */
    request_digest: string;
    took_ms: number;
  };
  'tool.started': { turn_id: string; use_id: string; name: string; input: unknown };
  'tool.completed': {
    turn_id: string;
    use_id: string;
    content: string | ContentBlock[];
    is_error: boolean;
    outcome: ToolOutcome;
    took_ms: number;
  };
  'turn.completed': { turn_id: string; stop_reason: string };
  'turn.failed': { turn_id: string; reason: TurnFailure; message: string };
  'turn.interrupted': { turn_id: string; by: string };
  'files.snapshotted': {
    snapshot_id: string;
    digest: string;
    bytes: number;
    files: number;
    /** Files and links since the snapshot before. */
    changed: { added: number; modified: number; removed: number };
    /** Lines of changed text files since then; larger files and binary ones are not counted. */
    lines: { added: number; removed: number };
    /** What could not be kept, and why; the first of `skipped_total`. */
    skipped: SkippedFile[];
    skipped_total: number;
    /** How long the computer's processes stood still. */
    paused_ms: number;
    /** Bytes that the snapshot added to the store. */
    stored_bytes: number;
    /** Older snapshots that are deleted now, because a session keeps only so many. Absent: none. */
    pruned?: string[];
    /** The session's version whose files these are. */
    at_version: number;
    took_ms: number;
  };
  /** Files could not be kept for this point; a remix falls back to the snapshot before it. */
  'files.snapshot_failed': { reason: string; at_version: number };
  /** Of a closed session whose root filesystem may have changed: from now on its container can be removed. */
  'root_filesystem.kept': { took_ms: number };
  'messages.cleared': Record<string, never>;
  'session.closed': { reason: 'requested' | 'idle_timeout' | 'failed' };
  'session.restored': { reason: 'requested' | 'message' | 'forced' };
  'session.updated': {
    name?: string;
    metadata?: Record<string, unknown>;
    timeout_seconds?: number;
    instructions?: string | null;
  };
  'state.forced': { from: SessionStatus; to: SessionStatus };
  'session.deleted': Record<string, never>;
  /** Replaces the whole history by one message. */
  'session.erased': Record<string, never>;
  /**
   * Stands in for a message that this Raworc cannot read. Made where the log is read, and never on the log itself.
   * `skipped`: whoever runs the service decided that it counts for nothing.
   */
  'event.unreadable': { type: string | null; problem: UnreadableProblem; reason: string; skipped?: true };
}

export type EventType = keyof EventData;

export type EventOf<T extends EventType> = { [K in T]: { type: K; data: EventData[K] } }[T];

export type SessionEvent = EventOf<EventType>;

/** Builds an event; the type picks the data's shape. */
export function event<T extends EventType>(type: T, data: EventData[T]): EventOf<T> {
  return { type, data };
}
