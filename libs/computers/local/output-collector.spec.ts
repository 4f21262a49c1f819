import { describe, expect, it } from '@jest/globals';
import { OutputCollector } from './output-collector.js';

const collect = (maxBytes: number, chunks: (string | Buffer)[]): { output: string; truncated: boolean } => {
  const collector = new OutputCollector(maxBytes);
  for (const chunk of chunks) collector.push(Buffer.from(chunk));
  return collector.finish();
};

describe('OutputCollector', () => {
  it('keeps what fits as it is, to the last byte', () => {
    expect(collect(6, ['ab', 'c', 'def'])).toEqual({ output: 'abcdef', truncated: false });
    expect(collect(0, [])).toEqual({ output: '', truncated: false });
  });

  it('keeps head and tail of more, and counts what lies between', () => {
    const expected = 'abc\n[... 4 bytes of output left out ...]\nhij';
    expect(collect(6, ['abcdefghij'])).toEqual({ output: expected, truncated: true });
    expect(collect(6, [...'abcdefghij'])).toEqual({ output: expected, truncated: true });
  });

  it('never cuts a character, and counts its bytes as left out', () => {
    expect(collect(6, ['aéé', 'xx', 'ééb']).output).toBe('aé\n[... 6 bytes of output left out ...]\néb');
    expect(collect(5, ['🐎🐎🐎']).output).toBe('\n[... 12 bytes of output left out ...]\n');
  });

  it('puts characters together that come in pieces', () => {
    const bytes = Buffer.from('é🐎');
    const chunks: string[] = [];
    const collector = new OutputCollector(100, (chunk) => chunks.push(chunk));
    for (const byte of bytes) collector.push(Buffer.from([byte]));
    expect(collector.finish().output).toBe('é🐎');
    expect(chunks).toEqual(['é', '🐎']);
  });

  it('shows bytes that are no text as replacement characters', () => {
    expect(collect(10, [Buffer.from([0x61, 0xff, 0x62])]).output).toBe('a\ufffdb');
  });
});
