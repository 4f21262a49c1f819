/** Every error code of the REST API: its HTTP status and what it means. Codes are stable. */
export const ERROR_CODES = {
  malformed_request: { status: 400, title: 'The request is not valid HTTP' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  validation_failed: { status: 422, title: 'The request does not have the right form' },
  model_key_missing: { status: 400, title: 'There is no key for the model' },
  unauthorized: { status: 401, title: 'The token is missing or wrong' },
  origin_refused: { status: 403, title: 'A page of another origin may not call this' },
  not_found: { status: 404, title: 'There is no such address' },
  session_not_found: { status: 404, title: 'There is no such session' },
  not_answered: { status: 409, title: 'The message was not answered' },
  message_not_found: { status: 404, title: 'There is no such message' },
  attachment_not_found: { status: 404, title: 'There is no such attachment' },
  desktop_missing: { status: 409, title: 'The computer has no desktop' },
  viewers_exceeded: { status: 429, title: 'Too many watch this desktop' },
  streams_exceeded: { status: 429, title: 'Too many event streams are open' },
  sessions_exceeded: { status: 429, title: 'There are too many sessions' },
  upgrade_required: { status: 426, title: 'This address speaks WebSocket only' },
  computer_elsewhere: { status: 409, title: 'The computer of the session is on another node' },
  control_taken: { status: 409, title: 'Somebody else uses the desktop' },
  computer_not_running: { status: 409, title: 'The computer of the session does not run' },
  computer_failed: { status: 503, title: 'The computer did not do it' },
  computer_ability_missing: { status: 409, title: 'The computers of this service cannot do this' },
  remix_point_not_found: { status: 404, title: 'The source has no such point' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  id_ambiguous: { status: 409, title: 'Several sessions begin with this id' },
  name_taken: { status: 409, title: 'Another session has this name' },
  session_exists: { status: 409, title: 'A session with this id exists' },
  illegal_transition: { status: 409, title: 'The session is in the wrong state for this' },
  turn_over: { status: 409, title: 'The turn is over' },
  turn_not_possible: { status: 409, title: 'No turn can start now' },
  step_out_of_order: { status: 409, title: 'This step does not follow' },
  snapshot_outdated: { status: 409, title: 'The snapshot is out of date' },
  session_unreadable: { status: 409, title: 'The session has an event that cannot be read' },
  concurrent_write: { status: 409, title: 'The session changed at the same time' },
  secrets_erased: { status: 410, title: 'The secrets were erased' },
  body_too_large: { status: 413, title: 'The body is too large' },
  event_too_large: { status: 413, title: 'The event is too large' },
  media_type_unsupported: { status: 415, title: 'The body must be JSON' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with another body' },
  wait_timed_out: { status: 504, title: 'The session did not get there in time' },
  internal: { status: 500, title: 'Something went wrong inside Raworc' },
  log_corrupt: { status: 500, title: 'The session has a gap on the event log' },
  secrets_damaged: { status: 500, title: 'The secrets cannot be decrypted' },
  log_unavailable: { status: 503, title: 'The event log does not answer' },
  disk_full: { status: 507, title: 'The disk of the computers is full' },
  log_full: { status: 507, title: 'The event log is full' },
  log_incompatible: { status: 503, title: 'The event log is of a kind that Raworc cannot use' },
  cursor_invalid: { status: 409, title: 'The event log does not have this position' },
  view_unavailable: { status: 503, title: 'The views are not up to date' },
  stopping: { status: 503, title: 'The service is stopping' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error reply: RFC 9457 problem details with a stable code. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  /** What happened, with which input, and what to do now. */
  detail: string;
  instance?: string;
  /** Field by field, for a request of the wrong form. */
  errors?: { path: string; message: string }[];
  /** For illegal transitions. */
  from?: string;
  to?: string;
}

/** A refusal that the server turns into a problem. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
