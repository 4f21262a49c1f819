import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { messageOf, usageError } from '../errors/cli-error.js';
import type { RequestHeaders } from '../http/send.js';

/** `Name: value` lines as headers with lower-case names; a name that comes twice is sent twice. */
export function parseHeaders(lines: string[]): RequestHeaders {
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const [, header, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (header === undefined || value === undefined) {
      throw usageError(`"${line}" is not a header.`, "Write it as -H 'Name: value'.");
    }
    (headers[header.toLowerCase()] ??= []).push(value);
  }
  return Object.fromEntries(
    Object.entries(headers).map(([header, values]) => [header, values.length === 1 ? values[0]! : values]),
  );
}

/**
 * The body to send, from the flag's text or from the file that `@path` names, or for `@-` from stdin. JSON is checked here, where the
 * message can show what was typed. Sets the content type unless a header did.
 */
export async function readBody(text: string, headers: RequestHeaders): Promise<Buffer> {
  const bytes = text.startsWith('@') ? await readFileBody(text.slice(1)) : Buffer.from(text);
  headers['content-type'] ??= 'application/json';
  if (/\bjson\b/.test(String(headers['content-type']))) requireJson(bytes.toString('utf8'));
  return bytes;
}

async function readFileBody(path: string): Promise<Buffer> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path);
  } catch (error) {
    throw usageError(
      `The body cannot be read from ${path}: ${messageOf(error)}.`,
      'Give -b @path of a file that can be read.',
    );
  }
}

function requireJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw usageError(
      `The body is not valid JSON: ${messageOf(error)}.\n  ${shown}`,
      `Quote it for the shell, such as -b '{"content":"Hello"}'.`,
    );
  }
}
