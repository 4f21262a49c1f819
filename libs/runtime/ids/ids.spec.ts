import { describe, expect, it } from '@jest/globals';
import { systemIds } from './ids.js';
import { ADJECTIVES, NOUNS } from './words.js';

describe('systemIds', () => {
  it('makes UUIDv7s that sort by creation', () => {
    const ids = Array.from({ length: 1000 }, () => systemIds.uuid());
    expect(
      ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('makes friendly names that are valid session names', () => {
    const names = Array.from({ length: 500 }, () => systemIds.friendlyName());
    expect(names.every((name) => /^[a-z]+-[a-z]+-[1-9][0-9]$/.test(name) && name.length <= 63)).toBe(true);
    expect(new Set(names).size).toBeGreaterThan(490);
  });

  it.each([
    ['adjectives', ADJECTIVES],
    ['nouns', NOUNS],
  ])('has at least 64 different %s', (_, words) => {
    expect(new Set(words).size).toBe(words.length);
    expect(words.length).toBeGreaterThanOrEqual(64);
    expect(words.every((word) => /^[a-z]{2,12}$/.test(word))).toBe(true);
  });
});
