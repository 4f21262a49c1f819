import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { event } from '#domain';
import { createdData, HistoryWriter, openTestView, type TestView } from '../testing/index.js';
import { CommandQueries, commandsProjection } from './index.js';

const DAY = 24 * 3_600;

let view: TestView;
let queries: CommandQueries;
let log: HistoryWriter;

beforeEach(() => {
  view = openTestView(commandsProjection);
  queries = new CommandQueries(view.reader);
  log = new HistoryWriter();
});
afterEach(() => view.remove());

describe('commands with an idempotency key', () => {
  it('are found by id, with what they did', () => {
    const created = log.add('a', event('session.created', createdData()), {
      commandId: 'c1',
      commandHash: 'h1',
    });
    log.add('a', event('messages.cleared', {}), { commandId: 'c2' });
    view.apply(log.recorded);
    expect(queries.find('c1')).toEqual({
      command_id: 'c1',
      session_id: 'a',
      hash: 'h1',
      version: 1,
      sequence: 1,
      event_id: created.event.id,
      at: created.storedAt,
    });
    expect(queries.find('c2')).toBeUndefined();
  });

  it('end with the last of several events', () => {
    const options = { commandId: 'c1', commandHash: 'h1' };
    log.add('a', event('session.restored', { reason: 'message' }), options);
    const last = log.add('a', event('messages.cleared', {}), options);
    view.apply(log.recorded);
    expect(queries.find('c1')).toMatchObject({ version: 2, event_id: last.event.id });
  });

  it("are forgotten after seven days of the log's time", () => {
    const options = { commandId: 'c1', commandHash: 'h1' };
    const first = log.add('a', event('session.created', createdData()), options);
    const later = (days: number) => {
      const recorded = log.add('b', event('messages.cleared', {}));
      view.apply([{ ...recorded, storedAt: first.storedAt + days * DAY }]);
    };
    view.apply([first]);
    later(6.9);
    expect(queries.find('c1')).toBeDefined();
    later(7.1);
    expect(queries.find('c1')).toBeUndefined();
  });

  it('are forgotten with an erased session, but for the erasing itself', () => {
    log.add('a', event('session.created', createdData()), { commandId: 'c1', commandHash: 'h1' });
    log.add('a', event('session.erased', {}), { commandId: 'c2', commandHash: 'h2' });
    view.apply(log.recorded);
    expect(queries.find('c1')).toBeUndefined();
    expect(queries.find('c2')).toMatchObject({ session_id: 'a', version: 2 });
  });
});
