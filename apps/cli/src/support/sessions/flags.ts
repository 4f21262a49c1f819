import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { string as arg } from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { messageOf, usageError } from '../errors/cli-error.js';

/** The argument that names a session. Never read from stdin, where a loop's other ids are. */
export const sessionArg = {
  id: arg({
    description: 'id, name, or beginning of an id (6 characters)',
    required: true,
    ignoreStdin: true,
  }),
};

/** The first message of a conversation. */
export const promptFlags = {
  prompt: Flags.string({ char: 'p', description: 'first message', exclusive: ['prompt-file'] }),
  'prompt-file': Flags.string({
    helpValue: 'FILE',
    description: 'the same from a file; - reads all of stdin',
  }),
};

export async function promptOf(flags: {
  prompt?: string;
  'prompt-file'?: string;
}): Promise<string | undefined> {
  const prompt = await textOrFile(flags.prompt, flags['prompt-file']);
  if (flags['prompt-file'] === undefined || prompt?.trim() !== '') return prompt;
  throw usageError(`The prompt from ${flags['prompt-file']} is empty.`);
}

export function sessionPath(id: string): string {
  return `sessions/${encodeURIComponent(id)}`;
}

/** What was given as text, or else the content of the file; `-` is stdin, all of it. */
export async function textOrFile(
  given: string | undefined,
  path: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined || path === undefined) return given;
  if (path === '-' && process.stdin.isTTY) {
    throw usageError('- reads stdin, which is this terminal.', 'Pipe something into the command.');
  }
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw usageError(`${path} cannot be read: ${messageOf(error)}.`);
  }
}

/** `true`/`false` as words, the way the flags of remix take them. */
export async function parseBoolean(text: string): Promise<boolean> {
  const word = text.toLowerCase();
  if (['true', 'yes', '1'].includes(word)) return true;
  if (['false', 'no', '0'].includes(word)) return false;
  throw usageError(`"${text}" is neither true nor false.`);
}
