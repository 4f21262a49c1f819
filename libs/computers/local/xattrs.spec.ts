import { afterEach, describe, expect, it } from '@jest/globals';
import { itWith } from '../../../test/support/needs.js';
import { attributesProblem } from './xattrs.js';

describe('extended attributes', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  itWith('perl')('can be kept where Perl is', async () => {
    expect(await attributesProblem()).toBeUndefined();
  });

  it('cannot be kept without it, which is said', async () => {
    process.env['PATH'] = '/nowhere';
    expect(await attributesProblem()).toMatch(/keep no extended attributes .*because Perl is missing\./);
  });
});
