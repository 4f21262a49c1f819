import { describe, expect, it } from '@jest/globals';
import { Progress } from './progress.js';
import type { SessionEvent } from './session-event.js';

type Happening = Pick<SessionEvent, 'type'> & { data: object };

function follow(progress: Progress, ...events: Happening[]): Progress {
  for (const event of events) progress.follow(event as SessionEvent);
  return progress;
}

const posted = (id: string): Happening => ({ type: 'message.posted', data: { message_id: id } });
const started = (...ids: string[]): Happening => ({
  type: 'turn.started',
  data: { turn_id: 't', message_ids: ids },
});
const completed: Happening = { type: 'turn.completed', data: { turn_id: 't' } };

describe('Progress', () => {
  it('knows what waits, what runs and how it ended', () => {
    const progress = follow(new Progress(), posted('a'), posted('b'), started('a'));
    expect(progress).toMatchObject({ working: true, turnRuns: true });
    follow(progress, completed);
    expect(progress).toMatchObject({ working: true, turnRuns: false, lastOutcome: 'completed' });
    expect([progress.outcomeOf('a'), progress.outcomeOf('b')]).toEqual(['completed', undefined]);
  });

  it('does not wait for a message whose turn ended before the server replied to it', () => {
    const progress = follow(new Progress(), posted('a'), started('a'), completed);
    progress.accepted('a');
    expect(progress.working).toBe(false);
  });

  it('continues from what the messages say', () => {
    const progress = new Progress([
      { id: 'a', status: 'answered', turn_id: 's' },
      { id: 'b', status: 'processing', turn_id: 't' },
      { id: 'c', status: 'queued', turn_id: null },
    ]);
    expect(progress.turnRuns).toBe(true);
    expect(follow(progress, completed).outcomeOf('b')).toBe('completed');
    expect(progress).toMatchObject({ working: true, turnRuns: false });
  });

  it.each<[string, Happening, string]>([
    ['fails', { type: 'turn.failed', data: {} }, 'failed'],
    ['is interrupted', { type: 'turn.interrupted', data: {} }, 'interrupted'],
    ['loses its session', { type: 'session.deleted', data: {} }, 'gone'],
    ['sees it closed', { type: 'session.closed', data: { reason: 'requested' } }, 'closed'],
    ['sees its computer give up', { type: 'computer.failed', data: { gave_up: true } }, 'failed'],
  ])('ends the wait of a message that %s', (_, event, outcome) => {
    const progress = follow(new Progress(), posted('a'), started('a'), event);
    expect(progress.outcomeOf('a')).toBe(outcome);
    expect(progress).toMatchObject({ working: false, lastOutcome: outcome });
  });

  it('drops what was cleared, but not what runs', () => {
    const progress = follow(new Progress(), posted('a'), posted('b'), started('a'), {
      type: 'messages.cleared',
      data: {},
    });
    expect([progress.outcomeOf('a'), progress.outcomeOf('b')]).toEqual([undefined, 'cleared']);
  });

  it('goes on waiting while the computer is tried again', () => {
    const failed: Happening = { type: 'computer.failed', data: { gave_up: false } };
    expect(follow(new Progress(), posted('a'), failed).working).toBe(true);
  });
});
