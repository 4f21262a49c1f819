import { paint } from '../terminal/paint.js';
import { plainText } from '../terminal/plain-text.js';
import { CliError, messageOf } from './cli-error.js';
import { copyable } from '../terminal/copyable.js';

export interface ReportedError {
  code: string;
  message: string;
  hint?: string;
  details?: object;
}

/** An error as programs get it with --json. */
export function describeError(error: unknown): ReportedError {
  if (error instanceof CliError) {
    const { code, message, hint, details } = error;
    return { code, message, hint, details };
  }
  const usage = exitOf(error) === 2;
  return { code: usage ? 'usage' : 'internal', message: inOurWords(messageOf(error)) };
}

/** One clear message on stderr; a command that ended on purpose prints nothing. */
export function printError(error: unknown): void {
  if (isDeliberateExit(error)) return;
  const { code, message, hint } = describeError(error);
  const color = paint(process.stderr);
  const suffix = code === 'usage' ? '' : ` ${color.dim(`(${plainText(code)})`)}`;
  const help = code === 'usage' && hint === undefined ? usageHint(message) : hint;
  process.stderr.write(`${color.red('Error:')} ${plainText(copyable(message))}${suffix}\n`);
  if (help !== undefined) process.stderr.write(`${plainText(copyable(help))}\n`);
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliError ? error.exit : (exitOf(error) ?? 1);
}

function isDeliberateExit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIT';
}

/** The exit code that oclif gives to its own errors; 2 for everything about usage. */
function exitOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('oclif' in error)) return undefined;
  const { oclif } = error as { oclif?: { exit?: unknown } };
  return typeof oclif?.exit === 'number' ? oclif.exit : undefined;
}

function usageHint(message: string): string {
  const [, topic] = /^There is no command "(?:(\S+) )?/.exec(message) ?? [];
  if (!message.startsWith('There is no command')) return 'Run it with --help to see what it takes.';
  return `See the commands with: raworc ${topic === undefined ? '' : `${topic} `}--help`;
}

/** The messages of oclif; where help is, our own last line says. */
function inOurWords(message: string): string {
  const [, unknown] = /^command (\S+) not found$/.exec(message) ?? [];
  if (unknown !== undefined) return `There is no command "${unknown.replaceAll(':', ' ')}".`;
  const [, flag, bound, received] =
    /^Parsing (--\S+) \n\tExpected an integer( .+)? but received: (.*)$/m.exec(message) ?? [];
  if (flag !== undefined) return `${flag} takes a whole number${bound ?? ''}, not "${received}".`;
  return message.replace(/\n\nNote: [^]*$|\nSee more help with --help$/, '').trim();
}
