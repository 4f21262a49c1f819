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
    ['screenshot', {}, '→ looks at the screen'],
    ['zoom', { region: [0, 0, 640, 360] }, '→ looks closely at 0,0,640,360'],
    ['left_click', { coordinate: [640, 360] }, '→ clicks at 640,360'],
    ['left_click', { coordinate: null, text: 'ctrl' }, '→ clicks with ctrl'],
    ['right_click', {}, '→ clicks with the right button'],
    ['left_click_drag', { start_coordinate: [1, 2], coordinate: [3, 4] }, '→ drags from 1,2 to 3,4'],
    ['mouse_move', { coordinate: [1, 2] }, '→ moves the pointer to 1,2'],
    ['type', { text: 'hello' }, '→ types "hello"'],
    ['type', { text: 'two\nlines' }, '→ types "two\\nlines"'],
    ['key', { text: 'ctrl+l' }, '→ presses ctrl+l'],
    ['key', { text: 'Tab', repeat: 3 }, '→ presses Tab 3 times'],
    ['scroll', { scroll_direction: 'down', scroll_amount: 3, coordinate: [1, 2] }, '→ scrolls down at 1,2'],
    ['wait', { duration: 2 }, '→ waits 2 s'],
    ['wait', null, '→ waits ? s'],
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

  it('says that there is a picture', () => {
    const content = [{ type: 'image' }];
    const line = describeToolResult({ ...result, content, outcome: 'completed', is_error: false });
    expect(line).toBe('← ok 12 ms: a picture');
  });

  it('says why one was cut short, not what it had printed until then', () => {
    const content = [{ type: 'text', text: '27\nThe shell ended (exit code 137).' }];
    const line = describeToolResult({ ...result, content, outcome: 'unknown', is_error: true });
    expect(line).toBe('← unknown 12 ms: The shell ended (exit code 137).');
  });

  it('tells no time of what was not waited for', () => {
    const line = describeToolResult({ ...result, took_ms: 0, outcome: 'interrupted', is_error: true });
    expect(line).toBe('← interrupted: a result');
  });

  it('names any other outcome', () => {
    const line = describeToolResult({ ...result, content: '', outcome: 'not_executed', is_error: true });
    expect(line).toBe('← not executed 12 ms');
  });
});
