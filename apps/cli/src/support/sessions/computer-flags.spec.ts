import { describe, expect, it } from '@jest/globals';
import { computerOf } from './computer-flags.js';

const asSent = (flags: Parameters<typeof computerOf>[0]): unknown =>
  JSON.parse(JSON.stringify(computerOf(flags)));

describe('the flags of a computer', () => {
  it('leave to the service what is not given', () => {
    expect(asSent({})).toEqual({});
    expect(asSent({ root: false })).toEqual({});
  });

  it('become fields of the request', () => {
    const flags = {
      desktop: false,
      root: true,
      network: 'none',
      image: 'mine',
      memory: 512,
      cpus: '1.5',
    } as const;
    expect(asSent(flags)).toEqual({
      desktop: false,
      root: true,
      network: 'none',
      image: 'mine',
      limits: { memory_mb: 512, cpus: 1.5 },
    });
  });

  it('refuse what is no number of processors', () => {
    expect(() => computerOf({ cpus: 'many' })).toThrow('"many" is no number of processors');
    expect(() => computerOf({ cpus: '0' })).toThrow('no number');
  });
});
