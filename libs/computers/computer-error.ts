export type ComputerErrorCode =
  | 'computer_not_found'
  | 'computer_not_running'
  | 'file_not_found'
  | 'file_not_readable'
  | 'file_is_folder'
  | 'file_too_large'
  | 'path_outside_computer'
  | 'snapshot_not_found'
  | 'snapshot_aborted'
  | 'driver_unavailable'
  | 'command_refused'
  | 'disk_full'
  | 'no_desktop'
  | 'desktop_failed';

/** A failure of a computer, with a sentence for people and a code for programs. */
export class ComputerError extends Error {
  override readonly name = 'ComputerError';
  constructor(
    readonly code: ComputerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
