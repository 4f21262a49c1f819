import { randomInt } from 'node:crypto';
import { uuidv7 } from './uuid.js';
import { ADJECTIVES, NOUNS } from './words.js';

/** Where everything unpredictable comes from, so that what uses it can be tested with fixed values. */
export interface Ids {
  /** A UUIDv7: unique, and in the order of creation within this process. */
  uuid(): string;
  now(): Date;
  /** A name such as `quiet-otter-42`. Easy to say and type; not unique by itself. */
  friendlyName(): string;
}

/** The real clock and the real randomness. */
export const systemIds: Ids = {
  uuid: uuidv7,
  now: () => new Date(),
  friendlyName: () => `${pick(ADJECTIVES)}-${pick(NOUNS)}-${randomInt(10, 100)}`,
};

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
