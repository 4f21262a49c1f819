import { describe, expect, it } from '@jest/globals';
import { event, fold, type EventEnvelope, type SessionEvent } from '#domain';
import { createMemoryStore, type RecordedEvent } from '#event-store';
import { appendAll, createdData, HistoryWriter, randomHistory } from '../../projections/testing/index.js';
import { requestOf } from './conversation.js';
import { readTurnHistory } from './turn-history.js';

const turnId = 'the-turn';
/** What a turn begins with. */
const begin = [
  event('message.posted', { message_id: 'the-message', role: 'user', content: 'go', metadata: {} }),
  event('turn.started', { turn_id: turnId, message_ids: ['the-message'] }),
];

function diceOf(seed: number) {
  let state = seed;
  return (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** What a clear has to keep comes before it often. */
function withMore(dice: ReturnType<typeof diceOf>, recorded: RecordedEvent[]): RecordedEvent[] {
  const writer = new HistoryWriter();
  for (const { event: next } of recorded) {
    if (next.type === 'session.erased') continue;
    writer.add('session-0', { type: next.type, data: next.data } as SessionEvent);
    const until = 2_000_000_000;
    const more: SessionEvent[] = [
      event('session.updated', { instructions: `Say ${dice(100)}.` }),
      event('control.taken', { lease_id: `lease-${dice(100)}`, by: 'user:ada', until }),
      event('control.released', { lease_id: 'lease', reason: 'returned' }),
      event('messages.cleared', {}),
    ];
    const added = more[dice(8)];
    if (added !== undefined) writer.add('session-0', added);
  }
  return writer.recorded;
}

async function historiesOf(recorded: ReturnType<typeof randomHistory>, id: string) {
  const { store } = createMemoryStore();
  await appendAll(store, recorded);
  return { all: (await store.read(id)).map(({ event }) => event), needed: await readTurnHistory(store, id) };
}

function beginsWith(history: readonly EventEnvelope[]) {
  const writer = new HistoryWriter();
  return [...history, ...begin.map((added) => writer.add('session-0', added).event)];
}

describe('what a turn is told of the past', () => {
  it('is what the whole history says, whatever that is', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const dice = diceOf(seed);
      const recorded = withMore(dice, randomHistory(dice, 1, 1 + dice(120)));
      const { all, needed } = await historiesOf(recorded, 'session-0');
      expect(needed.version).toBe(all.at(-1)?.sessionversion);
      expect({ seed, ...requestOf(beginsWith(needed.events), turnId) }).toEqual({
        seed,
        ...requestOf(beginsWith(all), turnId),
      });
      expect({ seed, control: fold(needed.events).control }).toEqual({ seed, control: fold(all).control });
    }
  });

  it('is no more than what came after the conversation was cleared', async () => {
    const writer = new HistoryWriter();
    writer.add('s', event('session.created', createdData()));
    for (let n = 0; n < 1_000; n++) {
      writer.add(
        's',
        event('message.posted', { message_id: `m-${n}`, role: 'user', content: 'x', metadata: {} }),
      );
      writer.add('s', event('turn.started', { turn_id: `t-${n}`, message_ids: [`m-${n}`] }));
      writer.add('s', event('turn.completed', { turn_id: `t-${n}`, stop_reason: 'end_turn' }));
    }
    writer.add('s', event('session.updated', { instructions: 'Be brief.' }));
    writer.add('s', event('messages.cleared', {}));
    const { all, needed } = await historiesOf(writer.recorded, 's');
    expect(all).toHaveLength(3_003);
    expect(needed.events.map(({ type }) => type)).toEqual([
      'session.created',
      'session.updated',
      'messages.cleared',
    ]);
    expect(needed.version).toBe(3_003);
  });
});
