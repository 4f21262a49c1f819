import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readAnswer } from './inside-call.js';

/** An engine's stream in which a program said this. */
function saying(text: string): PassThrough {
  const stream = new PassThrough();
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  if (text !== '') stream.write(Buffer.concat([header, Buffer.from(text)]));
  stream.end();
  return stream;
}

describe('a program inside a computer that gives no answer', () => {
  it('may have ended with its computer', async () => {
    await expect(readAnswer(saying(''), {})).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/ended without a word, .* stopped or removed meanwhile/),
    });
  });

  it('may be missing from the image, or gone with a computer that is being removed', async () => {
    const engine = 'OCI runtime exec failed: exec: "python3": executable file not found in $PATH';
    await expect(readAnswer(saying(engine), {})).rejects.toMatchObject({
      message: expect.stringMatching(
        /not found in \$PATH\. Its image needs bash and python3; .*being removed/,
      ),
    });
  });
});
