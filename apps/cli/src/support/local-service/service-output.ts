import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError, messageOf } from '../errors/cli-error.js';

const MAX_BYTES = 5 * 1024 * 1024;

/** What a started service writes to stdout and stderr: its last words, when it cannot start. */
export interface ServiceOutput {
  path: string;
  fd: number;
  /** The last JSON line `{"code","message"}` of this start. */
  failure(): Promise<{ code: string; message: string } | undefined>;
  /** What this start told people so far, in order. */
  notices(): Promise<string[]>;
  /** What an uncaught error of this start said, without its stack. */
  errorLine(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Opens `logs/service.out` of the home for appending; what grew too long is kept once as `.1`. */
export async function openServiceOutput(home: string): Promise<ServiceOutput> {
  const path = join(home, 'logs', 'service.out');
  try {
    await mkdir(join(home, 'logs'), { recursive: true, mode: 0o700 });
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (size > MAX_BYTES) await rename(path, `${path}.1`);
    const file = await open(path, 'a+', 0o600);
    const begin = (await file.stat()).size;
    const lines = async () => (await readFrom(file, begin)).trimEnd().split('\n');
    return {
      path,
      fd: file.fd,
      failure: async () => (await lines()).map(parseFailure).findLast((found) => found !== undefined),
      notices: async () => (await lines()).flatMap(parseNotice),
      errorLine: async () => errorLineOf(await lines()),
      close: () => file.close(),
    };
  } catch (error) {
    throw new CliError('home_not_writable', `Raworc cannot write to ${home}: ${messageOf(error)}.`, {
      exit: 2,
      hint: 'Make it writable for this user, or set RAWORC_HOME to another folder.',
      cause: error,
    });
  }
}

/** The line that names an uncaught error, among the stack that Node prints. */
export function errorLineOf(lines: string[]): string | undefined {
  return lines.findLast((line) => /^(\w*Error|fatal)\b.*:/i.test(line));
}

async function readFrom(file: Awaited<ReturnType<typeof open>>, begin: number): Promise<string> {
  const bytes = Buffer.alloc((await file.stat()).size - begin);
  await file.read(bytes, 0, bytes.length, begin);
  return bytes.toString('utf8');
}

/** The line `{"code","message"}` by which the service's program says why it failed. */
export function parseFailure(line: string): { code: string; message: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { code, message } = JSON.parse(line) as { code?: unknown; message?: unknown };
    return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
  } catch {
    return undefined;
  }
}

/** A line of the service's stderr as people read it. */
export function readableLine(line: string): string {
  return parseNotice(line)[0] ?? line;
}

function parseNotice(line: string): string[] {
  if (!line.startsWith('{"notice":')) return [];
  try {
    return [String((JSON.parse(line) as { notice: unknown }).notice)];
  } catch {
    // Not wholly written yet.
    return [];
  }
}
