import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wellFormed } from './index.js';

describe('wellFormed', () => {
  it('replaces lone surrogates in values and keys, at any depth', () => {
    const mended = wellFormed({
      'k\ud83d': ['a\udc00b', { deep: '\ud83d' }],
      pair: '\ud83d\ude00',
      n: 1,
      no: null,
    });
    expect(mended).toEqual({ 'k\ufffd': ['a\ufffdb', { deep: '\ufffd' }], pair: '😀', n: 1, no: null });
  });

  it('gives back the very same value when there is nothing to mend', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(wellFormed(value)).toBe(value);
      }),
    );
  });

  it('lets every text be written as UTF-8 and read again unchanged', () => {
    const anyText = fc
      .array(fc.integer({ min: 0, max: 0xffff }))
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(anyText, (text) => {
        const mended = wellFormed({ text }).text;
        expect(Buffer.from(mended).toString()).toBe(mended);
      }),
    );
  });
});
