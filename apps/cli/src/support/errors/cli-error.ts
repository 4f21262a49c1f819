/** 1: refused, by Raworc or by a check. 2: wrong usage, or the service cannot be reached. */
export type ExitCode = 1 | 2;

export interface CliErrorOptions extends ErrorOptions {
  exit?: ExitCode;
  /** What to do now, on a line of its own. */
  hint?: string;
  /** More for programs, such as the problem that the server sent. */
  details?: object;
}

/** What ends a command: one sentence for people and a stable code for programs. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  readonly details: object | undefined;

  constructor(
    readonly code: string,
    message: string,
    { exit = 1, hint, details, cause }: CliErrorOptions = {},
  ) {
    super(message, { cause });
    this.exit = exit;
    this.hint = hint;
    this.details = details;
  }
}

export function usageError(message: string, hint?: string): CliError {
  return new CliError('usage', message, { exit: 2, hint });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
