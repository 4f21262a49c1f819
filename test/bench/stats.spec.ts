import { describe, expect, it } from '@jest/globals';
import { rowOf, type Measured } from './row.js';
import { median, medianRatio, percentile } from './stats.js';
import { table } from './table.js';

describe('statistics', () => {
  it('take the middle, between two when there is none', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('take percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('compare round by round, so that a slow round weighs as one', () => {
    expect(medianRatio([10, 100, 12], [10, 100, 10])).toBe(1);
  });
});

describe('a row', () => {
  const measured: Measured = {
    path: 'append',
    unit: '/s',
    ours: [900, 1_000, 1_100],
    bare: [1_000, 1_000, 1_000],
    bareIs: 'js.publish',
    bars: [{ of: 'ratio', atLeast: 0.8 }],
  };

  it('meets its bars only when it meets all of them', () => {
    expect(rowOf(measured).met).toBe(true);
    expect(rowOf({ ...measured, bars: [...measured.bars, { of: 'ours', atLeast: 2_000 }] }).met).toBe(false);
    expect(rowOf({ ...measured, bars: [{ of: 'ratio', atMost: 0.9 }] }).met).toBe(false);
  });

  it('is not met by what was not measured', () => {
    expect(rowOf({ ...measured, ours: [], bare: [] }).met).toBe(false);
  });

  it('is a line of the table', () => {
    expect(
      table([rowOf(measured)])
        .split('\n')
        .at(-1),
    ).toBe('| append | 1,000 /s | 1,000 /s (js.publish) | 1.00 × | ≥ 0.8 × | yes |');
  });
});
