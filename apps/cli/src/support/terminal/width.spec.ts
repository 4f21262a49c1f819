import { describe, expect, it } from '@jest/globals';
import { table } from './table.js';
import { cutToWidth, displayWidth } from './width.js';

describe('the width of a text on a terminal', () => {
  it.each([
    ['plain', 5],
    ['naïve', 5],
    ['nai\u0308ve', 5],
    ['分析', 4],
    ['ﾊﾝｶｸ', 4],
    ['한국어', 6],
    ['🐎', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['שלום', 4],
    ['a\u200bb', 2],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('aligns the columns of a table', () => {
    const lines = table(
      ['NAME', 'STATE'],
      [
        ['分析🐎', 'idle'],
        ['plain', 'busy'],
      ],
    ).split('\n');
    expect(lines).toEqual(['NAME    STATE', '分析🐎  idle', 'plain   busy']);
  });

  it('keeps a cell of a table on its line', () => {
    expect(table(['NAME'], [['a\u202eb\u009b31m\nc']])).toBe('NAME\nab31m c');
  });

  it('cuts between characters', () => {
    expect(cutToWidth('a👩‍👩‍👧b', 2)).toBe('a');
    expect(cutToWidth('a👩‍👩‍👧b', 3)).toBe('a👩‍👩‍👧');
  });
});
