import { describe, expect, it } from '@jest/globals';
import { isSupportedNatsVersion } from './version.js';

describe('isSupportedNatsVersion', () => {
  it.each(['2.12.1', 'v2.12.7', '2.13.0-RC.1', '2.15.1', '3.0.0', '10.0.0'])('takes %s', (version) => {
    expect(isSupportedNatsVersion(version)).toBe(true);
  });

  it.each(['2.9.0', '2.11.99', '1.99.0', '2.12.0', '2.12.1-preview.1', 'dev', ''])(
    'refuses %j',
    (version) => {
      expect(isSupportedNatsVersion(version)).toBe(false);
    },
  );
});
