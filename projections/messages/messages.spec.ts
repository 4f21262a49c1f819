import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageView } from '#contracts';
import { event } from '#domain';
import {
  computerStarted,
  createdData,
  HistoryWriter,
  openTestView,
  randomHistory,
  responded,
} from '../testing/index.js';
import type { TestView } from '../testing/index.js';
import { sessionsProjection } from '../sessions/index.js';
import { MessageQueries, messagesProjection } from './index.js';

const ID = 'session-1';

let view: TestView;
let queries: MessageQueries;
let log: HistoryWriter;

beforeEach(() => {
  view = openTestView(messagesProjection);
  queries = new MessageQueries(view.reader);
  log = new HistoryWriter();
  log.add(ID, event('session.created', createdData()));
  log.add(ID, event('computer.started', computerStarted()));
});
afterEach(() => view.remove());

const show = () => view.apply(log.recorded);
const post = (id: string, session = ID) =>
  log.add(
    session,
    event('message.posted', { message_id: id, role: 'user', content: `say ${id}`, metadata: { id } }),
  );
const take = (turn: string, ...ids: string[]) =>
  log.add(ID, event('turn.started', { turn_id: turn, message_ids: ids }));
const respond = (turn: string, id: string, text: string) =>
  log.add(ID, event('model.responded', responded(turn, id, text)));
const complete = (turn: string) =>
  log.add(ID, event('turn.completed', { turn_id: turn, stop_reason: 'end_turn' }));
const statuses = () => queries.last(ID).map(({ id, status }) => `${id} ${status}`);

describe('messages', () => {
  it('are shown in the shape of the contract', () => {
    const posted = post('m1');
    show();
    const message = queries.byId(ID, 'm1');
    expect(messageView.strict().parse(message)).toEqual(message);
    expect(message).toEqual({
      id: 'm1',
      session_id: ID,
      role: 'user',
      content: 'say m1',
      metadata: { id: 'm1' },
      created_at: HistoryWriter.at(posted),
      turn_id: null,
      status: 'queued',
    });
  });

  it('are queued, processing, and answered one turn at a time', () => {
    post('m1');
    post('m2');
    take('t1', 'm1');
    show();
    expect(statuses()).toEqual(['m1 processing', 'm2 queued']);
    respond('t1', 'r1', 'here');
    complete('t1');
    show();
    expect(statuses()).toEqual(['m1 answered', 'm2 queued', 'r1 complete']);
    expect(queries.byId(ID, 'm1')?.turn_id).toBe('t1');
  });

  it('say why a turn failed, and that one was interrupted', () => {
    post('m1');
    take('t1', 'm1');
    const failed = log.add(
      ID,
      event('turn.failed', { turn_id: 't1', reason: 'model_refused', message: 'It declined.' }),
    );
    post('m2');
    take('t2', 'm2');
    log.add(ID, event('turn.interrupted', { turn_id: 't2', by: 'user:ada' }));
    show();
    expect(statuses()).toEqual(['m1 failed', `${failed.event.id} complete`, 'm2 interrupted']);
    expect(queries.byId(ID, failed.event.id)).toMatchObject({
      role: 'system',
      content: 'It declined.',
      metadata: { code: 'model_refused' },
      turn_id: 't1',
    });
  });

  it('have what was said in a turn that was interrupted', () => {
    post('m1');
    take('t1', 'm1');
    log.add(ID, event('turn.interrupted', { turn_id: 't1', by: 'user:ada' }));
    respond('t1', 'r1', 'I wi');
    show();
    expect(statuses()).toEqual(['m1 interrupted', 'r1 complete']);
    expect(queries.replyTo(ID, 'm1')).toMatchObject({ replies: [{ id: 'r1', content: 'I wi' }] });
  });

  it('fail with a computer that is given up in their turn', () => {
    post('m1');
    take('t1', 'm1');
    log.add(ID, event('computer.failed', { reason: 'gone', attempt: 3, gave_up: true }));
    show();
    expect(statuses()).toEqual(['m1 failed']);
  });

  it('of the model are those that say something', () => {
    post('m1');
    take('t1', 'm1');
    respond('t1', 'r1', '');
    respond('t1', 'r2', ' \n');
    respond('t1', 'r3', 'at last');
    show();
    expect(statuses()).toEqual(['m1 processing', 'r3 complete']);
  });

  it('are gone when cleared, deleted or erased; a session may begin with its tombstone', () => {
    for (const end of [
      event('messages.cleared', {}),
      event('session.deleted', {}),
      event('session.erased', {}),
    ]) {
      post(`before ${end.type}`);
      post('other', 'session-2');
      log.add(ID, end);
      show();
      expect(queries.count(ID)).toBe(0);
    }
    expect(queries.count('session-2')).toBe(3);
    log.add('session-3', event('session.erased', {}));
    show();
  });
});

describe('the last messages', () => {
  it('come in the order of time, limited and paged backwards', () => {
    for (let n = 1; n <= 5; n++) post(`m${n}`);
    post('other', 'session-2');
    show();
    const ids = (...args: [limit?: number, before?: string]) => queries.last(ID, ...args).map(({ id }) => id);
    expect(ids()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    expect(ids(2)).toEqual(['m4', 'm5']);
    expect(ids(2, 'm4')).toEqual(['m2', 'm3']);
    expect(ids(2, 'm1')).toEqual([]);
    expect(ids(2, 'other')).toEqual([]);
    expect(queries.count(ID)).toBe(5);
    expect(queries.byId('session-2', 'm1')).toBeUndefined();
  });
});

describe('the reply to a message', () => {
  it('is what its turn said, in order', () => {
    post('m1');
    post('m2');
    show();
    expect(queries.replyTo(ID, 'm1')).toMatchObject({ message: { status: 'queued' }, replies: [] });
    take('t1', 'm1');
    respond('t1', 'r1', 'let me look');
    respond('t1', 'r2', 'done');
    complete('t1');
    take('t2', 'm2');
    respond('t2', 'r3', 'next');
    show();
    expect(queries.replyTo(ID, 'm1')).toMatchObject({
      message: { status: 'answered' },
      replies: [{ id: 'r1' }, { id: 'r2' }],
    });
    expect(queries.replyTo(ID, 'm2')).toMatchObject({
      message: { status: 'processing' },
      replies: [{ id: 'r3' }],
    });
    expect(queries.replyTo('session-2', 'm1')).toBeUndefined();
  });
});

it('are as many as the session says', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const history = randomHistory((n) => Number(numbers.next().value) % n, 3, 60);
      const test = openTestView(sessionsProjection, messagesProjection);
      try {
        test.apply(history);
        const wrong = test.reader.query(`
          SELECT id FROM sessions WHERE lifecycle <> 'deleted'
            AND message_count <> (SELECT count(*) FROM messages WHERE session_id = sessions.id)`);
        expect(wrong.all()).toEqual([]);
      } finally {
        test.remove();
      }
    }),
    { numRuns: 40 },
  );
});
