import { describe, expect, it } from '@jest/globals';
import type { ComputerInfo } from '#computers';
import { envelop, event, type EventData, type EventEnvelope } from '#domain';
import { ownStopsAfter, requireNoCrashLoop, type OwnStop } from './crash-loop.js';
import { disruptionOf } from './disruption.js';

const stopped: ComputerInfo = { sessionId: 's', driver: 'd', computerId: 'c', running: false };
const running = { ...stopped, running: true };
const oom = { reason: 'out_of_memory' as const, detail: 'Too much.' };
const killed = { reason: 'killed' as const, detail: 'Killed.' };
const provenance = { id: 'e', actor: 'operator', source: '/raworc', commandid: 'c', correlationid: 'c' };
const NOW = Date.parse('2030-01-01T12:00:00Z');

describe('disruptionOf', () => {
  it.each([
    [
      'what was told',
      { computer: stopped, told: { ...killed, running: false } },
      { ...killed, running: false },
    ],
    ['what it survived', { computer: running, told: { ...oom, running: true } }, { ...oom, running: true }],
    [
      'that it was down',
      { computer: running, told: { ...killed, running: false } },
      { ...killed, running: false },
    ],
    [
      'what ended it rather than what it survived before',
      { computer: { ...stopped, disrupted: killed }, told: { ...oom, running: true } },
      { ...killed, running: false },
    ],
    [
      'what it did not survive after all',
      { computer: stopped, told: { ...oom, running: true } },
      { ...oom, running: false },
    ],
    [
      'what is found',
      { computer: { ...stopped, disrupted: oom }, told: undefined },
      { ...oom, running: false },
    ],
  ])('says %s', (_, { computer, told }, disruption) => {
    expect(disruptionOf(computer, told)).toEqual(disruption);
  });

  it('says that nothing is known, or that everything is gone', () => {
    expect(disruptionOf(stopped, undefined)).toMatchObject({ reason: 'exited', running: false });
    expect(disruptionOf(undefined, undefined)).toMatchObject({ reason: 'killed', running: false });
  });
});

describe('requireNoCrashLoop', () => {
  const ended = { ...killed, running: false };
  const times = (n: number, data: EventData['computer.disrupted'], atMs = NOW - 10_000) =>
    Array.from({ length: n }, () => disrupted(data, atMs));

  it('refuses the fifth start within two minutes, and says why', () => {
    expect(() => requireNoCrashLoop(stopsIn(times(5, ended)), NOW)).toThrow(
      /5 times within 2 minutes.*Killed\. Restore/,
    );
  });

  it.each([
    ['four', times(4, ended)],
    ['those that it survived', times(9, { ...oom, running: true })],
    ['those of the engine', times(9, { reason: 'engine_restarted', detail: '', running: false })],
    ['those of long ago', [...times(4, ended, NOW - 121_000), ...times(4, ended)]],
    ['those before somebody asked anew', [...times(5, ended), restored()]],
  ])('does not mind %s', (_, history) => {
    expect(() => requireNoCrashLoop(stopsIn(history), NOW)).not.toThrow();
  });
});

function stopsIn(history: EventEnvelope[]): readonly OwnStop[] {
  return history.reduce<readonly OwnStop[]>(ownStopsAfter, []);
}

function disrupted(data: EventData['computer.disrupted'], atMs: number): EventEnvelope {
  const time = new Date(atMs).toISOString();
  return envelop('s', 3, event('computer.disrupted', data), { ...provenance, time });
}

function restored(): EventEnvelope {
  const time = new Date(NOW).toISOString();
  return envelop('s', 9, event('session.restored', { reason: 'requested' }), { ...provenance, time });
}
