import { describe, expect, it } from '@jest/globals';
import { decide, fold, initialState, type SessionCommand, type SessionState } from '../index.js';

const idle: SessionState = {
  ...initialState,
  lifecycle: 'live',
  status: 'idle',
  computerRunning: true,
  desktop: true,
};
const take = (leaseId: string, now = 100): SessionCommand => ({
  type: 'take-control',
  leaseId,
  by: `user:${leaseId}`,
  now,
  until: now + 60,
});
const release = (leaseId: string): SessionCommand => ({
  type: 'release-control',
  leaseId,
  reason: 'returned',
});
const after = (state: SessionState, ...commands: SessionCommand[]): SessionState =>
  commands.reduce((current, command) => fold(decide(current, command), current), state);

describe('control of the desktop', () => {
  it('is taken, prolonged and given back', () => {
    const taken = after(idle, take('a'));
    expect(taken.control).toEqual({ leaseId: 'a', by: 'user:a', until: 160 });
    expect(after(taken, take('a', 150)).control?.until).toBe(210);
    expect(after(taken, release('a')).control).toBeNull();
  });

  it('is one person’s at a time, until the lease is over', () => {
    const taken = after(idle, take('a'));
    expect(() => decide(taken, take('b', 159))).toThrow('user:a uses the desktop now');
    expect(after(taken, take('b', 160)).control?.by).toBe('user:b');
  });

  it('is not given back by somebody who has it no more', () => {
    expect(decide(after(idle, take('a')), release('b'))).toEqual([]);
    expect(decide(idle, release('a'))).toEqual([]);
  });

  it('does not expire when it was prolonged meanwhile', () => {
    const expire: SessionCommand = { type: 'release-control', leaseId: 'a', reason: 'expired', ifUntil: 160 };
    const taken = after(idle, take('a'));
    expect(after(taken, expire).control).toBeNull();
    expect(decide(after(taken, take('a', 150)), expire)).toEqual([]);
  });

  it('needs a desktop that runs', () => {
    expect(() => decide({ ...idle, desktop: false }, take('a'))).toThrow('has no desktop');
    expect(() => decide({ ...idle, status: 'closed' }, take('a'))).toThrow('Restore it first');
    expect(() => decide({ ...idle, status: 'init' }, take('a'))).toThrow('Wait until it is idle');
  });

  it('keeps an idle session open, and ends with it', () => {
    const taken = after(idle, take('a'));
    const idleClose: SessionCommand = {
      type: 'close',
      reason: 'idle_timeout',
      by: 'operator',
      ifVersion: taken.version,
    };
    expect(decide(taken, idleClose)).toEqual([]);
    expect(after(taken, { type: 'close', reason: 'requested', by: 'user' }).control).toBeNull();
    expect(after(taken, { type: 'force-state', to: 'idle', by: 'user' }).control).toBeNull();
  });
});

describe('a disrupted computer', () => {
  const report = (running: boolean): SessionCommand => ({
    type: 'report-computer-disrupted',
    data: { reason: 'killed', detail: 'somebody killed it', running },
  });

  it('does not run any more, unless it survived', () => {
    const taken = after(idle, take('a'));
    expect(after(taken, report(false))).toMatchObject({
      computerRunning: false,
      control: null,
      status: 'idle',
    });
    expect(after(taken, report(true))).toMatchObject({ computerRunning: true, control: { leaseId: 'a' } });
  });

  it('was to run at all', () => {
    expect(decide({ ...idle, status: 'closed', computerRunning: false }, report(false))).toEqual([]);
    expect(decide({ ...idle, computerRunning: false }, report(false))).toEqual([]);
  });
});
