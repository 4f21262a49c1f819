import { describe, expect, it } from '@jest/globals';
import { disruptionOf } from './disruption.js';

const FINISHED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE = 60_000;

describe('what a container’s end tells', () => {
  const reasonOf = (exitCode: number, oomKilled = false, engineStartedAt?: number) =>
    disruptionOf({ exitCode, oomKilled, finishedAt: FINISHED_AT }, engineStartedAt)?.reason;

  it.each([0, 10, 138, 2])('is nothing for exit code %i, which we asked for', (exitCode) => {
    expect(reasonOf(exitCode)).toBeUndefined();
    expect(reasonOf(exitCode, true)).toBeUndefined();
    expect(reasonOf(exitCode, false, FINISHED_AT + 1_000)).toBeUndefined();
  });

  it.each([
    ['out_of_memory', 137, true],
    ['killed', 137, false],
    ['killed', 143, false],
    ['exited', 1, false],
    ['exited', 1, true],
    ['exited', 20, false],
    ['exited', 30, false],
  ])('is %s for exit code %i, killed for memory: %p', (reason, exitCode, oomKilled) => {
    expect(reasonOf(exitCode, oomKilled)).toBe(reason);
  });

  it('is the engine’s restart for what ended while the engine came up', () => {
    expect(reasonOf(137, false, FINISHED_AT + 1_000)).toBe('engine_restarted');
    expect(reasonOf(255, false, FINISHED_AT - 1_000)).toBe('engine_restarted');
    expect(reasonOf(137, true, FINISHED_AT + 1_000)).toBe('out_of_memory');
  });

  it('is no restart of the engine for what ended long before, or since', () => {
    expect(reasonOf(137, false, FINISHED_AT + 2 * MINUTE)).toBe('killed');
    expect(reasonOf(137, false, FINISHED_AT - MINUTE)).toBe('killed');
    expect(reasonOf(20, false, FINISHED_AT - MINUTE)).toBe('exited');
  });

  it('is the engine’s shutdown for what was asked to end by others before its start, however long it was away', () => {
    expect(reasonOf(20, false, FINISHED_AT + 600 * MINUTE)).toBe('engine_restarted');
    expect(reasonOf(30, false, FINISHED_AT + 1_000)).toBe('engine_restarted');
  });
});
