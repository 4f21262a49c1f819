import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Desk } from './testing/desk.js';
import type { Terminal } from './testing/run-cli.js';
import type { StandInSession } from './testing/stand-in-session.js';

const CTRL_C = '\x03';
const CTRL_D = '\x04';

let desk: Desk;

beforeEach(async () => {
  desk = await Desk.set();
});

afterEach(() => desk.clear());

/** Host begins a turn and uses a tool, so that one sees that the turn runs; what follows is up to the spec. */
function hostWorks(): Promise<StandInSession> {
  return new Promise((resolve) => {
    desk.server.host = async (session, id, content) => {
      if (content !== 'Work') return session.answer(id, `You said: ${content}`);
      session.startTurn(id);
      session.append('tool.started', { use_id: 'use', name: 'bash', input: { command: 'make' } });
      resolve(session);
    };
  });
}

function occurrences(terminal: Terminal, text: string): number {
  return terminal.text.split(text).length - 1;
}

describe('a conversation on a terminal', () => {
  it('shows the session, starts its computer, answers, and says how to come back', async () => {
    const terminal = desk.run('session', '-n', 'sales');
    await terminal.shows('Session sales (0198f000-0000-7000-8000-000000000001)');
    await terminal.shows('starting the computer …');
    await terminal.shows('\n> ');
    desk.server.sessions[0]?.startComputer();
    await terminal.shows('the computer is ready (local, 12 ms)');
    await terminal.shows('> ');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello\n');
    await terminal.shows(/100 tokens in, 20 out, \d+ s\n/);
    await terminal.shows('> ');
    terminal.type('/quit\r');
    await terminal.shows('raworc session restore sales');
    expect(await terminal.ended).toBe(0);
    expect(desk.server.requests('POST', /\/close$/)).toEqual([]);
  });

  it('prints the pieces of a reply as they come, and the whole only once', async () => {
    const { session, terminal } = await desk.openIdle();
    const began = Promise.withResolvers<void>();
    desk.server.host = async (_, id) => {
      session.startTurn(id);
      began.resolve();
    };
    terminal.type('Hello\r');
    await began.promise;
    session.delta('r', 'One piece, ');
    await terminal.shows('One piece, ');
    session.delta('r', 'another piece.');
    await terminal.shows('another piece.');
    session.say('One piece, another piece. And the end.', 'r');
    session.endTurn();
    await terminal.shows('And the end.\n');
    await terminal.shows('> ');
    expect(occurrences(terminal, 'One piece, another piece. And the end.\n')).toBe(1);
    expect(occurrences(terminal, 'another piece.')).toBe(1);
  });

  it('shows tools while they run', async () => {
    const working = hostWorks();
    const { terminal } = await desk.openIdle();
    terminal.type('Work\r');
    await terminal.shows('→ bash: make\n');
    const session = await working;
    session.append('tool.completed', {
      use_id: 'use',
      content: '',
      is_error: false,
      outcome: 'completed',
      took_ms: 7,
    });
    await terminal.shows('← ok 7 ms\n');
  });

  it('tells what happens to the computer, and who has its desktop', async () => {
    const { session, terminal } = await desk.openIdle();
    const detail = 'The computer reached its memory limit; a program in it was killed.';
    session.append('computer.disrupted', { reason: 'out_of_memory', detail, running: true });
    await terminal.shows(`${detail}\n`);
    const lease = { lease_id: 'lease', by: 'user:ada' };
    session.append('control.taken', { ...lease, until: 1 });
    session.append('control.taken', { ...lease, until: 2 });
    session.append('control.released', { ...lease, reason: 'returned' });
    await terminal.shows('user:ada uses the desktop');
    await terminal.shows('Host has the desktop again\n');
    expect(occurrences(terminal, 'user:ada')).toBe(1);
  });

  it('queues what one types while Host works, and keeps the line whole', async () => {
    const working = hostWorks();
    const { terminal } = await desk.openIdle();
    terminal.type('Work\r');
    await terminal.shows('→ bash: make\n');
    terminal.type('Next');
    await terminal.shows('> Next');
    const session = await working;
    session.delta('r', 'Done with ');
    session.delta('r', 'it.\nMore');
    await terminal.shows('Done with it.\n> Next');
    terminal.type(' one\r');
    await terminal.shows('queued: Host takes it up when this turn is over');
    session.say('Done with it.\nMore to say.', 'r');
    session.endTurn();
    await terminal.shows('to say.\n');
    expect(desk.server.requests('POST', /\/messages$/).map(({ body }) => JSON.parse(body) as object)).toEqual(
      [{ content: 'Work' }, { content: 'Next one' }],
    );
  });

  it('interrupts the turn at Ctrl-C, and keeps the session', async () => {
    const working = hostWorks();
    const { terminal } = await desk.openIdle();
    terminal.type('Work\r');
    await terminal.shows('→ bash: make\n');
    await working;
    terminal.type(CTRL_C);
    await terminal.shows('interrupting …');
    await terminal.shows('interrupted\n');
    await terminal.shows('> ');
    terminal.type('Again\r');
    await terminal.shows('You said: Again');
    expect(desk.server.requests('POST', /\/interrupt$/)).toHaveLength(1);
  });

  it('clears the line at Ctrl-C, and leaves at the second on an empty one', async () => {
    const { terminal } = await desk.openIdle();
    terminal.type('never sent');
    await terminal.shows('never sent');
    terminal.type(CTRL_C);
    terminal.type('sent\r');
    await terminal.shows('You said: sent\n');
    await terminal.shows('> ');
    terminal.type(CTRL_C);
    await terminal.shows('Ctrl-C again leaves');
    terminal.type(CTRL_C);
    await terminal.shows('raworc session restore');
    expect(await terminal.ended).toBe(0);
  });

  it('leaves at Ctrl-D', async () => {
    const { terminal } = await desk.openIdle();
    terminal.type(CTRL_D);
    await terminal.shows('raworc session restore');
    expect(await terminal.ended).toBe(0);
  });

  it('takes a pasted text of several lines as one message', async () => {
    const { terminal } = await desk.openIdle();
    terminal.type('\x1b[200~first\rsecond\x1b[201~');
    await terminal.shows('second');
    terminal.type('\r');
    await terminal.shows('You said: first');
    expect(JSON.parse(desk.server.requests('POST', /\/messages$/)[0]?.body ?? '')).toEqual({
      content: 'first\nsecond',
    });
  });

  it('lets no reply take over the terminal', async () => {
    const { session, terminal } = await desk.openIdle();
    desk.server.host = async (_, id) => session.answer(id, 'before\x1b]0;title\x07\x1b[2Jafter');
    terminal.type('Hello\r');
    await terminal.shows('before]0;title[2Jafter');
  });
});
