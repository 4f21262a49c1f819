import { chmodSync, closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { messageOf } from './errors.js';

export type { Logger };

export interface LoggerOptions {
  /** Which part of Raworc speaks. */
  name: string;
  level: string;
  /** Path of a file to append to, readable by its owner only. */
  file?: string;
  /** Where to write when no file is given. Default: standard output. */
  stream?: DestinationStream;
}

const SECRET_KEYS = [
  'authorization',
  'api_key',
  'apiKey',
  'anthropicApiKey',
  'ANTHROPIC_API_KEY',
  'cookie',
  'pass',
  'password',
  'secrets',
  'token',
  '["x-api-key"]',
];

/** A logger of JSON lines. The values of keys that name secrets are replaced, at the top and two levels below. */
export function createLogger({ name, level, file, stream }: LoggerOptions): Logger {
  const redact = { paths: SECRET_KEYS.flatMap(atEachLevel), censor: '[redacted]' };
  const destination = file ? openLogFile(file) : stream;
  const options = { name, level, redact, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}

function atEachLevel(key: string): string[] {
  return ['', '*', '*.*'].map((parents) =>
    parents && !key.startsWith('[') ? `${parents}.${key}` : parents + key,
  );
}

function openLogFile(file: string): DestinationStream {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  // Synchronous, so that a crash does not take the lines that explain it.
  const destination = pino.destination({ dest: file, sync: true });
  let reported = false;
  destination.on('error', (error: unknown) => {
    if (!reported) process.stderr.write(`raworc: cannot write to the log ${file}: ${messageOf(error)}\n`);
    reported = true;
  });
  return destination;
}
