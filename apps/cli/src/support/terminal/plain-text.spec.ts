import { describe, expect, it } from '@jest/globals';
import { escapeJson, plainJson, plainText } from './plain-text.js';

/** What turns, hides or takes over, each beside its name. */
const UNSAFE: [string, string][] = [
  ['escape', '\x1b'],
  ['bell', '\x07'],
  ['carriage return', '\r'],
  ['delete', '\x7f'],
  ['control sequence introducer (C1)', '\x9b'],
  ['next line (C1)', '\x85'],
  ['right-to-left override', '\u202e'],
  ['left-to-right embedding', '\u202a'],
  ['pop directional formatting', '\u202c'],
  ['right-to-left isolate', '\u2067'],
  ['pop directional isolate', '\u2069'],
  ['right-to-left mark', '\u200f'],
  ['left-to-right mark', '\u200e'],
  ['Arabic letter mark', '\u061c'],
  ['line separator', '\u2028'],
  ['paragraph separator', '\u2029'],
];

describe('text for a terminal', () => {
  it.each(UNSAFE)('has no %s', (_, character) => {
    expect(plainText(`a${character}b`)).toBe('ab');
  });

  it.each(UNSAFE)('as JSON holds %s as an escape, and still means it', (_, character) => {
    const json = plainJson({ text: `a${character}b` });
    expect(json).not.toContain(character);
    expect(JSON.parse(json)).toEqual({ text: `a${character}b` });
  });

  it('leaves languages that are written from right to left, emoji and lines alone', () => {
    const text = 'שלום\nمرحبا 👩‍👩‍👧';
    expect(plainText(text)).toBe(text);
    expect(JSON.parse(escapeJson('{\r\n\t"a": "שלום"\r\n}'))).toEqual({ a: 'שלום' });
  });
});
