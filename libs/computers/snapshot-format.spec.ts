import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { comparePaths, digestLine, pathToText, textToPath } from './snapshot-format.js';

const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));

describe('the text form of a path', () => {
  it('gives every sequence of bytes back', () => {
    fc.assert(
      fc.property(bytes, (path) => {
        const text: unknown = JSON.parse(JSON.stringify(pathToText(path)));
        expect(textToPath(String(text))).toEqual(path);
      }),
    );
  });

  it.each([
    ['plain text', Buffer.from('ä/€/😀'), '"ä/€/😀"'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0x80, 0x62]), '"a\\udcff\\udc80b"'],
    ['a character that is cut off', Buffer.from([0xe2, 0x82, 0x41]), '"\\udce2\\udc82A"'],
    ['an overlong form', Buffer.from([0xc0, 0xaf]), '"\\udcc0\\udcaf"'],
    ['an encoded surrogate', Buffer.from([0xed, 0xb2, 0x80]), '"\\udced\\udcb2\\udc80"'],
    ['the replacement character itself', Buffer.from('\ufffd'), '"\ufffd"'],
    ['a byte after a character of four', Buffer.from([0xf0, 0x9f, 0x98, 0x80, 0x80]), '"😀\\udc80"'],
  ])('of %s is that of surrogateescape', (_what, path, json) => {
    expect(JSON.stringify(pathToText(path))).toBe(json);
  });

  it('sorts as the bytes do', () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(comparePaths(pathToText(left), pathToText(right))).toBe(Buffer.compare(left, right));
      }),
    );
  });
});

describe('the line of an entry in the digest', () => {
  const file = { path: 'a\udcff', type: 'file', mode: 0o644, sha256: 'f00' } as const;

  it.each([
    ['a file', file, '["a\\udcff","file",420,"f00"]'],
    ['a folder', { path: 'd', type: 'directory', mode: 0o755 } as const, '["d","directory",493,""]'],
    ['a hard link', { ...file, link: 'first' }, '["a\\udcff","file",420,"f00","first",[]]'],
    [
      'a file with attributes',
      { ...file, xattrs: { 'user.b': 'Mg==', 'user.a': 'MQ==' } },
      '["a\\udcff","file",420,"f00","",[["user.a","MQ=="],["user.b","Mg=="]]]',
    ],
  ])('says all that counts of %s', (_what, entry, line) => {
    expect(digestLine(entry)).toBe(line);
  });
});
