import { describe, expect, it } from '@jest/globals';
import { type Frame, FrameReader } from './frame-reader.js';

const LIMIT = 10;

describe('the reader of a helper’s answers', () => {
  const read = (...chunks: (string | Buffer)[]): [id: number, body: string][] => {
    const frames: Frame[] = [];
    const reader = new FrameReader(
      (frame) => frames.push(frame),
      () => LIMIT,
    );
    for (const chunk of chunks) reader.push(Buffer.from(chunk));
    return frames.map(({ header, body }) => [header.id, body.toString()]);
  };
  const frame = (id: number, body: string): string =>
    `${JSON.stringify({ id, bytes: body.length })}\n${body}`;

  it('finds them however they are cut', () => {
    const stream = frame(1, '') + frame(2, 'two\n{}') + frame(3, '') + frame(4, 'four');
    const expected = [
      [1, ''],
      [2, 'two\n{}'],
      [3, ''],
      [4, 'four'],
    ];
    for (let length = 1; length <= stream.length; length++) {
      expect(read(...(stream.match(new RegExp(`.{1,${length}}`, 'gs')) ?? []))).toEqual(expected);
    }
  });

  it('refuses what is none, however large it says it is', () => {
    for (const wrong of [
      'Traceback\n',
      '{}\n',
      '{"id":1,"bytes":-1}\n',
      `{"id":1,"bytes":${LIMIT + 1}}\n`,
      'x'.repeat(65 * 1024),
    ]) {
      expect(() => read(wrong)).toThrow();
    }
  });
});
