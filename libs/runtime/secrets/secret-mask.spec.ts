import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SecretMask } from './secret-mask.js';

const PASSWORD = 'p4ss w/rd+"ü\\';
const mask = new SecretMask({ DB_PASSWORD: PASSWORD, PIN: '12345', TOKEN: 'tok-123456' });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a mask of secrets', () => {
  it.each([
    ['as it is', PASSWORD],
    ['in a URL', encodeURIComponent(PASSWORD)],
    ['in a URL, with small letters', encodeURIComponent(PASSWORD).replace(/%\w\w/g, (e) => e.toLowerCase())],
    ['in a form', new URLSearchParams({ p: PASSWORD }).toString().slice(2)],
    ['in JSON', JSON.stringify(PASSWORD).slice(1, -1)],
    ['in hexadecimal digits', Buffer.from(PASSWORD).toString('hex')],
  ])('hides a value %s', (_, written) => {
    expect(mask.apply(`a ${written} b ${written}`)).toBe('a [secret DB_PASSWORD] b [secret DB_PASSWORD]');
  });

  it('hides a value in base64 wherever it is within other bytes', () => {
    const value = 'correct horse battery';
    const hiding = new SecretMask({ KEY: value });
    const bytes = fc.string({ unit: 'binary', maxLength: 90 });
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), fc.boolean(), (before, after, inUrl, broken) => {
        const whole = Buffer.from(before + value + after).toString(inUrl ? 'base64url' : 'base64');
        const written = broken ? whole.replace(/.{76}/g, '$&\n') : whole;
        const shown = hiding.apply(written);
        expect(shown).toContain('[secret KEY]');
        const rest = Buffer.from(shown.replace(/\[secret KEY\]/, '\0'), 'base64').toString('latin1');
        expect(rest).not.toContain('horse');
      }),
    );
  });

  it('hides each long line of a value of several lines', () => {
    const key = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nend\n-----END KEY-----\n';
    const hiding = new SecretMask({ KEY: key });
    expect(hiding.apply('line 2: MC4CAQAwBQYDK2VwBCIEIJ, end')).toBe('line 2: [secret KEY], end');
    expect(hiding.apply(key)).toBe('[secret KEY]\n');
  });

  it('leaves short values and everything else', () => {
    const text = 'PIN 12345, tok-12345, p4ss';
    expect(mask.apply(text)).toBe(text);
    expect(new SecretMask({}).apply(text)).toBe(text);
  });

  it('hides values that overlap as one', () => {
    const hiding = new SecretMask({ A: 'abcdefgh', B: 'efghijkl' });
    expect(hiding.apply('<abcdefghijkl>')).toBe('<[secret A]>');
  });

  it('hides values in pieces of any size as in the whole', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    const text = `x${PASSWORD}y tok-12345 tok-123456${base64('u:tok-123456')}tok-12`;
    fc.assert(
      fc.property(cuts, (sizes) => {
        const stream = mask.stream();
        let shown = '';
        for (let from = 0, n = 0; from < text.length; n += 1) {
          const size = sizes[n % sizes.length]!;
          shown += stream.push(text.slice(from, from + size));
          from += size;
        }
        expect(shown + stream.end()).toBe(mask.apply(text));
      }),
    );
  });

  it('holds back no more of a piece than may be the beginning of a value', () => {
    const stream = mask.stream();
    expect(stream.push('hello tok')).toBe('hello ');
    expect(stream.push('en')).toBe('token');
  });
});
