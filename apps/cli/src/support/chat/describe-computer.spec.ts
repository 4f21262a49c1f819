import { describe, expect, it } from '@jest/globals';
import { describeDisruption, describeFailedStart } from './describe-computer.js';

describe('describeFailedStart', () => {
  it('says that it is tried again', () => {
    const line = describeFailedStart({ reason: 'The disk is full.', attempt: 2, gave_up: false });
    expect(line).toBe('the computer did not start (attempt 2): The disk is full. Trying again …');
  });

  it('ends the sentence of a reason that ends with a command', () => {
    const line = describeFailedStart({ reason: 'Run raworc images build', attempt: 1, gave_up: false });
    expect(line).toBe('the computer did not start: Run raworc images build. Trying again …');
  });

  it('begins a line after the output of a setup script', () => {
    const reason = 'The setup script failed with exit code 7. The end of its output:\nlast words';
    expect(describeFailedStart({ reason, attempt: 1, gave_up: true })).toBe(
      `the computer did not start: ${reason}\nThe session is closed; /restore tries again.`,
    );
  });
});

describe('describeDisruption', () => {
  it.each([
    [true, 'A program was killed.'],
    [false, 'A program was killed. Its files are kept, its programs have ended.'],
  ])('running: %s', (running, line) => {
    expect(describeDisruption({ detail: 'A program was killed.', running })).toBe(line);
  });
});
