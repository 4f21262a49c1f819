import { createHash } from 'node:crypto';

/** What is longer goes into the index by its digest, so that no key or value makes it large. */
const LONGEST_IN_FULL = 128;

/** The pairs of a session's metadata that can be searched for: scalars at the top, as the text that JSON writes. */
export function indexedPairs(metadata: Readonly<Record<string, unknown>>): { key: string; value: string }[] {
  return Object.entries(metadata)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([key, value]) => indexedPair(key, String(value)));
}

/** A pair as the index holds it. The first letter keeps a text apart from a digest that looks like it. */
export function indexedPair(key: string, value: string): { key: string; value: string } {
  return { key: indexed(key), value: indexed(value) };
}

function indexed(text: string): string {
  if (text.length <= LONGEST_IN_FULL) return `=${text}`;
  return `#${createHash('sha256').update(text).digest('base64url')}`;
}
