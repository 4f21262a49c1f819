import { describe, expect, it } from '@jest/globals';
import { describeError } from './report-error.js';

const ofOclif = (message: string): string =>
  describeError(Object.assign(new Error(message), { oclif: { exit: 2 } })).message;

describe('errors of the command line', () => {
  it.each([
    [
      'Parsing --memory \n\tExpected an integer greater than or equal to 64 but received: 10\nSee more help with --help',
      '--memory takes a whole number greater than or equal to 64, not "10".',
    ],
    [
      'Parsing --memory \n\tExpected an integer but received: 4g\nSee more help with --help',
      '--memory takes a whole number, not "4g".',
    ],
    ['command session:foo not found', 'There is no command "session foo".'],
  ])('are in our words: %j', (message, ours) => {
    expect(ofOclif(message)).toBe(ours);
  });
});
