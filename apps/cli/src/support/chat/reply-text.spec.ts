import { describe, expect, it } from '@jest/globals';
import { ReplyText } from './reply-text.js';

describe('ReplyText', () => {
  it('prints a whole reply when there were no pieces', () => {
    expect(new ReplyText().whole('m', 'Hello')).toBe('Hello');
  });

  it('prints of the whole only what the pieces left out', () => {
    const reply = new ReplyText();
    expect(reply.piece('m', 'Hel') + reply.piece('m', 'lo ') + reply.whole('m', 'Hello you')).toBe(
      'Hello you',
    );
  });

  it('prints the whole when pieces were lost on the way', () => {
    const reply = new ReplyText();
    reply.piece('m', 'llo ');
    expect(reply.whole('m', 'Hello you')).toBe('\nHello you');
  });

  it('keeps replies apart', () => {
    const reply = new ReplyText();
    reply.piece('m', 'Hello');
    expect(reply.whole('n', 'Hello you')).toBe('Hello you');
  });
});
