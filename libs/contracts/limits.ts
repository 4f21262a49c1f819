/** Limits of the API, each refused with an error that names it. */
export const LIMITS = {
  /** Bytes of one message in UTF-8. */
  messageBytes: 1024 * 1024,
  /** Bytes of a session's metadata as JSON. */
  metadataBytes: 64 * 1024,
  /** Keys of a session's metadata; each is indexed. */
  metadataKeys: 256,
  /** Bytes of a request body; room for the largest message with every character escaped. */
  bodyBytes: 8 * 1024 * 1024,
  /** Bytes of instructions or of a setup script. */
  scriptBytes: 256 * 1024,
  /** Secrets in one session, and bytes of one value. */
  secrets: 64,
  secretBytes: 32 * 1024,
  /** Seconds; the longest idle timeout: a week. */
  timeoutSeconds: 604_800,
  /** Seconds; the longest `?wait=`. */
  waitSeconds: 600,
  /** Conditions on metadata in one list request. */
  metadataFilters: 16,
  idempotencyKeyLength: 255,
  /** Sessions in one page of a list. */
  pageSize: 10_000,
} as const;

/** Names of sessions: lower-case words and digits joined by hyphens. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
