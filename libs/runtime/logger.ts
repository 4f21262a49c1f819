import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { LogFile } from './log-file.js';

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
  const destination = file ? new LogFile(file) : stream;
  const options = { name, level, redact, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}

function atEachLevel(key: string): string[] {
  return ['', '*', '*.*'].map((parents) =>
    parents && !key.startsWith('[') ? `${parents}.${key}` : parents + key,
  );
}
