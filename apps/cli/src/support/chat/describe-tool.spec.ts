import { describe, expect, it } from '@jest/globals';
import { describeToolCall, describeToolResult } from './describe-tool.js';

describe('describeToolCall', () => {
  it.each<[string, unknown, string]>([
    ['bash', { command: 'python3 x.py' }, '→ bash: python3 x.py'],
    ['bash', { command: 'cat <<E\nlong\nE' }, '→ bash: cat <<E …'],
    ['bash', { restart: true }, '→ bash: restart'],
    [
      'str_replace_based_edit_tool',
      { command: 'view', path: '/session/a' },
      '→ str_replace_based_edit_tool: view /session/a',
    ],
    ['computer', { action: 'screenshot' }, '→ computer: screenshot'],
    ['other', { depth: 2 }, '→ other: {"depth":2}'],
    ['other', {}, '→ other'],
  ])('shows %s %j', (name, input, line) => {
    expect(describeToolCall({ use_id: 'u', name, input })).toBe(line);
  });
});

describe('describeToolResult', () => {
  const result = { use_id: 'u', content: 'a result', took_ms: 12 };

  it('says how the result begins', () => {
    const line = describeToolResult({ ...result, outcome: 'completed', is_error: false });
    expect(line).toBe('← ok 12 ms: a result');
  });

  it('says how an error begins', () => {
    const content = [{ type: 'text', text: 'exit code 1\nmore' }];
    const line = describeToolResult({ ...result, content, outcome: 'completed', is_error: true });
    expect(line).toBe('← error 12 ms: exit code 1 …');
  });

  it('names any other outcome', () => {
    const line = describeToolResult({ ...result, content: '', outcome: 'not_executed', is_error: true });
    expect(line).toBe('← not executed 12 ms');
  });
});
