import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { ComputerError, type ComputerErrorCode } from '../../computer.js';
import { asComputerError } from '../../local/errno.js';
import { ERRNO_NAMES } from '../engine/errno-names.js';
import { demultiplex } from '../engine/engine-stream.js';
import { startProcess } from '../container/container-process.js';

const REFUSALS = [
  'path_outside_computer',
  'file_not_readable',
  'file_is_folder',
  'file_too_large',
] as const satisfies ComputerErrorCode[];

const failure = z.union([
  z.object({ refused: z.enum(REFUSALS), message: z.string() }),
  z.object({ errno: z.number().int(), message: z.string() }),
  z.object({ failed: z.string() }),
]);

/** What a program of ours inside a container said: a line of JSON, then bytes. */
export interface Answer {
  header: unknown;
  body: Buffer;
}

/** For error messages: what is being done, and to what. */
export interface Doing {
  doing?: string;
  subject?: string;
}

/** Processes of the session may halt a program that runs as their user, or write where it answers. */
export interface AnswerLimits {
  ms: number;
  bytes: number;
}

const INSIDE: AnswerLimits = { ms: 10_000, bytes: 64 * 1024 };
const HELPER: AnswerLimits = { ms: 600_000, bytes: 256 * 1024 * 1024 };

export function programArgv(program: string, request: object): string[] {
  return ['python3', '-I', '-S', '-c', program, JSON.stringify(request)];
}

/** Runs a program of ours in a running container, as root or as the session's user. */
export async function callInContainer(
  container: Docker.Container,
  program: string,
  request: object,
  root: boolean,
): Promise<Answer> {
  const argv = programArgv(program, request);
  return readAnswer(await startProcess(container, { argv, root, stdin: false }), {}, INSIDE);
}

/** Runs a command as root whose exit code is all that it says; null for one that does not end in time. */
export async function runInside(container: Docker.Container, argv: string[]): Promise<number | null> {
  const exec = await container.exec({ Cmd: argv, User: '0:0', AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const deadline = setTimeout(() => stream.destroy(), INSIDE.ms);
  await demultiplex(stream, { onStdout: () => undefined });
  clearTimeout(deadline);
  return (await exec.inspect()).ExitCode;
}

export async function readAnswer(stream: Duplex, doing: Doing, limits = HELPER): Promise<Answer> {
  const output: Buffer[] = [];
  const complaint: Buffer[] = [];
  let size = 0;
  let given: string | undefined;
  const giveUp = (why: string): void => {
    given ??= why;
    stream.destroy();
  };
  const keep = (chunks: Buffer[], chunk: Buffer): void => {
    size += chunk.length;
    if (size <= limits.bytes) chunks.push(chunk);
    else giveUp('it said more than any answer has');
  };
  const deadline = setTimeout(() => giveUp(`it did not end within ${limits.ms / 1000} seconds`), limits.ms);
  await demultiplex(stream, {
    onStdout: (chunk) => keep(output, chunk),
    onStderr: (chunk) => keep(complaint, chunk),
  });
  clearTimeout(deadline);
  if (given !== undefined) throw programFailed(given, doing);
  return parseAnswer(Buffer.concat(output), Buffer.concat(complaint).toString('utf8'), doing);
}

/** Fails when the header tells of a failure. */
export function checkHeader(header: unknown, { doing, subject }: Doing): void {
  const failed = failure.safeParse(header).data;
  if (!failed) return;
  if ('refused' in failed) throw new ComputerError(failed.refused, failed.message);
  if ('failed' in failed) throw programFailed(failed.failed, { doing, subject });
  const cause = Object.assign(new Error(failed.message), { code: ERRNO_NAMES.get(failed.errno) });
  throw asComputerError(cause, subject ?? 'file', doing ?? 'using');
}

const NO_WORD = 'it ended without a word, as it does when its computer is stopped or removed meanwhile';

/** What an engine says when it cannot start the program. */
const NO_PYTHON = /python3|executable file/;

/** Of a program that gave no answer. */
export function programFailed(reason: string, { doing, subject }: Doing): ComputerError {
  if (/no space left/i.test(reason)) {
    const message = `No space is left for ${doing ?? 'using'} ${subject ?? 'files'}: ${reason}.`;
    return new ComputerError('disk_full', message);
  }
  const help = NO_PYTHON.test(reason)
    ? ' Its image needs bash and python3; in a computer that is being removed there are none either.'
    : '';
  return new ComputerError('driver_unavailable', `A program inside the computer failed: ${reason}.${help}`);
}

function parseAnswer(output: Buffer, complaint: string, doing: Doing): Answer {
  const end = output.indexOf('\n');
  const header = end < 0 ? undefined : parseJson(output.toString('utf8', 0, end));
  if (header === undefined) {
    const said = `${complaint}${output.toString('utf8', 0, 500)}`;
    throw programFailed(said.trim().split('\n').at(-1) || NO_WORD, doing);
  }
  checkHeader(header, doing);
  return { header, body: output.subarray(end + 1) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
