import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fold, initialState, upcast, type EventEnvelope, type SessionState } from '#domain';

/** A history as some version wrote it, and the state that every later version must fold it to. */
interface GoldenHistory {
  description: string;
  events: EventEnvelope[];
  state: SessionState;
}

const root = join(import.meta.dirname, 'histories');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.json'),
);
const read = (name: string): GoldenHistory =>
  JSON.parse(readFileSync(join(root, name), 'utf8')) as GoldenHistory;

describe('golden histories', () => {
  it('are there', () => expect(files.length).toBeGreaterThan(0));

  it.each(files)('%s folds to the state of its time', (name) => {
    const { events, state } = read(name);
    // What a later version adds to the state begins as in any session.
    expect(fold(events.map(upcast))).toEqual({ ...initialState, ...state });
  });

  it('are refused when a newer Raworc wrote them', () => {
    const [event] = read(files[0] ?? '').events;
    if (event === undefined) throw new Error('an empty history');
    expect(() => upcast({ ...event, schemaversion: 99 })).toThrow('schema version 99');
  });
});
