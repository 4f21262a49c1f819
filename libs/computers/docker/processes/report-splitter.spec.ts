import { describe, expect, it } from '@jest/globals';
import { ReportSplitter } from './report-splitter.js';

function split(chunks: string[]): { output: string; reports: string[] } {
  let output = '';
  const reports: string[] = [];
  const splitter = new ReportSplitter(
    'abcab',
    (chunk) => (output += chunk.toString()),
    (line) => reports.push(line),
  );
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return { output, reports };
}

describe('ReportSplitter', () => {
  const text = 'one abcabX 1\ntwo abcaabcab 2\nabcab3\nabca';
  const expected = { output: 'one two abcaabca', reports: ['abcabX 1', 'abcab 2', 'abcab3'] };

  it('tells reports from output, wherever they are cut', () => {
    expect(split([text])).toEqual(expected);
    expect(split([...text])).toEqual(expected);
    for (let at = 0; at <= text.length; at++) {
      expect(split([text.slice(0, at), text.slice(at)])).toEqual(expected);
    }
  });

  it('hands output over at once', () => {
    let output = '';
    const splitter = new ReportSplitter(
      'abcab',
      (chunk) => (output += chunk.toString()),
      () => undefined,
    );
    splitter.push(Buffer.from('ab'));
    expect(output).toBe('');
    splitter.push(Buffer.from('d'));
    expect(output).toBe('abd');
  });

  it('does not wait for ever for the end of what only begins like a report', () => {
    const { output, reports } = split(['abcab', 'x'.repeat(100_000)]);
    expect(output).toBe('abcab' + 'x'.repeat(100_000));
    expect(reports).toEqual([]);
  });
});
