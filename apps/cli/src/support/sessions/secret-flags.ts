import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import * as Flags from '@oclif/core/flags';
import { messageOf, usageError } from '../errors/cli-error.js';
import { textOrFile } from './flags.js';

export const secretFlags = {
  secret: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'NAME[=@FILE]',
    description:
      'environment variable of the computer, encrypted on the log: its value is the one of this environment, or the content of FILE; may be given several times',
  }),
  'secrets-file': Flags.string({
    helpValue: 'FILE',
    description: 'the same from lines NAME=value, or JSON; - reads all of stdin',
  }),
  secrets: Flags.string({
    char: 'S',
    helpValue: 'JSON',
    description:
      "secrets as JSON; seen by everyone on this machine and kept in the shell's history: better --secret",
  }),
};

interface SecretsGiven {
  secret?: string[];
  'secrets-file'?: string;
  secrets?: string;
}

/**
 * The secrets that the flags name. Values are never shown, and neither is a text that may hold one.
 * @throws CliError when something is not understood, or a name is given twice
 */
export async function secretsOf(
  flags: SecretsGiven,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Record<string, string>> {
  const single = await Promise.all((flags.secret ?? []).map((given) => readSecret(given, env)));
  const all = [
    ...Object.entries(parseJson(flags.secrets)),
    ...Object.entries(parseFile(await textOrFile(undefined, flags['secrets-file']))),
    ...single,
  ];
  const twice = all.find(([name], index) => all.findIndex(([other]) => other === name) < index);
  if (twice !== undefined) throw usageError(`The secret ${twice[0]} is given twice.`);
  return Object.fromEntries(all);
}

async function readSecret(given: string, env: NodeJS.ProcessEnv): Promise<[name: string, value: string]> {
  const [, name, from] = /^([A-Za-z_]\w*)(?:=@(.+))?$/s.exec(given) ?? [];
  if (name === undefined) {
    throw usageError(
      `A secret is given as NAME or NAME=@FILE${/^\w+=/.test(given) ? ', without its value' : ''}.`,
      'A value on the command line is seen by everyone on this machine: export it, or put it into a file.',
    );
  }
  if (from !== undefined) return [name, await readValue(name, from)];
  const value = env[name];
  if (value !== undefined) return [name, value];
  throw usageError(
    `There is no ${name} in this environment.`,
    `Export it, or name a file: --secret ${name}=@FILE`,
  );
}

/** Files of one line end in a line break that is no part of the value. */
async function readValue(name: string, path: string): Promise<string> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    return text.replace(/\r?\n$/, '');
  } catch (error) {
    throw usageError(`The value of ${name} cannot be read from ${path}: ${messageOf(error)}.`);
  }
}

function parseFile(text = ''): Record<string, string> {
  if (text.trimStart().startsWith('{')) return parseJson(text);
  const secrets = parseEnv(text) as Record<string, string>;
  const wrong = Object.keys(secrets).find((name) => !/^[A-Za-z_]\w*$/.test(name));
  const empty = text.trim() !== '' && Object.keys(secrets).length === 0;
  if (wrong === undefined && !empty) return secrets;
  throw usageError(
    'The file of secrets is not understood.',
    'Write lines NAME=value, or JSON: {"NAME":"value"}',
  );
}

function parseJson(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const hint = `Write them as {"NAME":"value"}.`;
  let secrets: unknown;
  try {
    secrets = JSON.parse(text);
  } catch {
    throw usageError('The secrets are not valid JSON.', hint);
  }
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) {
    throw usageError('The secrets must be one JSON object.', hint);
  }
  const wrong = Object.entries(secrets).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) throw usageError(`The secret ${wrong[0]} must be a text in quotes.`, hint);
  return secrets as Record<string, string>;
}
