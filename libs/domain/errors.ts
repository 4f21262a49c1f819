export type DomainErrorCode =
  | 'session_not_found'
  | 'session_exists'
  | 'illegal_transition'
  | 'turn_over'
  | 'turn_not_possible'
  | 'step_out_of_order'
  | 'snapshot_outdated'
  | 'remix_point_not_found'
  | 'desktop_missing'
  | 'control_taken'
  | 'computer_elsewhere'
  | 'session_unreadable';

/** A command that the session's state does not allow. The message says what to do instead. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  constructor(
    readonly code: DomainErrorCode,
    message: string,
    /** For illegal transitions: `from`, `to`. */
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}
