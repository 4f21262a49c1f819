import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryHome, Terminal } from './testing/run-cli.js';
import { StandInServer } from './testing/stand-in-server.js';
import type { StandInSession } from './testing/stand-in-session.js';

const CTRL_C = '\x03';
const CTRL_D = '\x04';

let server: StandInServer;
let home: ReturnType<typeof temporaryHome>;
let terminal: Terminal;

beforeEach(async () => {
  server = await StandInServer.start();
  home = temporaryHome();
});

afterEach(async () => {
  terminal.kill();
  await terminal.ended;
  await server.stop();
  home.remove();
});

function open(...args: string[]): Terminal {
  terminal = new Terminal(args, { env: { ...server.env, RAWORC_HOME: home.path } });
  return terminal;
}

/** A session at its prompt. */
async function openIdle(): Promise<StandInSession> {
  const session = server.createSession();
  await open('session', 'restore', session.view.name).shows('\n> ');
  return session;
}

/** Host begins a turn and uses a tool, so that one sees that the turn runs; what follows is up to the spec. */
function hostWorks(): Promise<StandInSession> {
  return new Promise((resolve) => {
    server.host = async (session, id, content) => {
      if (content !== 'Work') return session.answer(id, `You said: ${content}`);
      session.startTurn(id);
      session.append('tool.started', { use_id: 'use', name: 'bash', input: { command: 'make' } });
      resolve(session);
    };
  });
}

function occurrences(text: string): number {
  return terminal.text.split(text).length - 1;
}

describe('raworc session on a terminal', () => {
  it('shows the session, starts its computer, answers, and says how to come back', async () => {
    open('session', '-n', 'sales');
    await terminal.shows('Session sales (0198f000-0000-7000-8000-000000000001)');
    await terminal.shows('starting the computer …');
    await terminal.shows('\n> ');
    server.sessions[0]?.startComputer();
    await terminal.shows('the computer is ready (local, 12 ms)');
    await terminal.shows('> ');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello\n');
    await terminal.shows(/100 tokens in, 20 out, \d+ s\n/);
    await terminal.shows('> ');
    terminal.type('/quit\r');
    await terminal.shows('raworc session restore sales');
    expect(await terminal.ended).toBe(0);
    expect(server.requests('POST', /\/close$/)).toEqual([]);
  });

  it('prints the pieces of a reply as they come, and the whole only once', async () => {
    const session = await openIdle();
    const began = Promise.withResolvers<void>();
    server.host = async (_, id) => {
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
    expect(occurrences('One piece, another piece. And the end.\n')).toBe(1);
    expect(occurrences('another piece.')).toBe(1);
  });

  it('shows tools while they run', async () => {
    const working = hostWorks();
    await openIdle();
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

  it('queues what one types while Host works, and keeps the line whole', async () => {
    const working = hostWorks();
    await openIdle();
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
    expect(server.requests('POST', /\/messages$/).map(({ body }) => JSON.parse(body) as object)).toEqual([
      { content: 'Work' },
      { content: 'Next one' },
    ]);
  });

  it('interrupts the turn at Ctrl-C, and keeps the session', async () => {
    const working = hostWorks();
    await openIdle();
    terminal.type('Work\r');
    await terminal.shows('→ bash: make\n');
    await working;
    terminal.type(CTRL_C);
    await terminal.shows('interrupting …');
    await terminal.shows('interrupted\n');
    await terminal.shows('> ');
    terminal.type('Again\r');
    await terminal.shows('You said: Again');
    expect(server.requests('POST', /\/interrupt$/)).toHaveLength(1);
  });

  it('clears the line at Ctrl-C, and leaves at the second on an empty one', async () => {
    await openIdle();
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
    await openIdle();
    terminal.type(CTRL_D);
    await terminal.shows('raworc session restore');
    expect(await terminal.ended).toBe(0);
  });

  it('takes a pasted text of several lines as one message', async () => {
    await openIdle();
    terminal.type('\x1b[200~first\rsecond\x1b[201~');
    await terminal.shows('second');
    terminal.type('\r');
    await terminal.shows('You said: first');
    expect(JSON.parse(server.requests('POST', /\/messages$/)[0]?.body ?? '')).toEqual({
      content: 'first\nsecond',
    });
  });

  it('shows the last messages when one comes back', async () => {
    const session = server.createSession();
    session.answer(session.post('What was it?').id, 'It was this.');
    session.messages.forEach((message) => (message.status = 'complete'));
    session.close();
    open('session', 'restore', session.view.name);
    await terminal.shows('> What was it?\nIt was this.\n');
    await terminal.shows('> ');
    expect(session.view.state).toBe('idle');
  });

  it('understands the commands', async () => {
    const session = await openIdle();
    terminal.type('/help\r');
    await terminal.shows('/quit /q /exit    leave');
    terminal.type('/status\r');
    await terminal.shows(`ID:           ${session.view.id}`);
    terminal.type('/name sales\r');
    await terminal.shows('the name is now sales');
    terminal.type('/timeout 60\r');
    await terminal.shows('it closes when idle for 60 s');
    terminal.type('/interrupt\r');
    await terminal.shows('no turn runs');
    terminal.type('/close\r');
    await terminal.shows('closed; a message restores it');
    terminal.type('/restore\r');
    await terminal.shows('the computer is ready');
    terminal.type('/messages\r');
    await terminal.shows('There are no messages yet.');
    terminal.type('/nonsense\r');
    await terminal.shows('There is no command /nonsense.');
    terminal.type('/exit\r');
    await terminal.shows('raworc session restore sales');
    expect(session.view).toMatchObject({ name: 'sales', timeout_seconds: 60, state: 'idle' });
  });

  it('goes on in a remix', async () => {
    const source = await openIdle();
    terminal.type('/remix branch\r');
    await terminal.shows(
      `Session branch (0198f000-0000-7000-8000-000000000002), remixed from ${source.view.id}`,
    );
    await terminal.shows('> ');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello');
    terminal.type('/q\r');
    await terminal.shows('raworc session restore branch');
    expect(await terminal.ended).toBe(0);
    expect(source.messages).toEqual([]);
  });

  it('remixes and says the prompt first', async () => {
    const source = server.createSession();
    open('session', 'remix', source.view.name, '-p', 'Use merge sort');
    await terminal.shows('copied 0 messages, 3 files (1024 bytes) and 1 secrets as of version 7.');
    await terminal.shows('> Use merge sort\n');
    await terminal.shows('You said: Use merge sort\n');
  });

  it('comes back by itself when the connection breaks', async () => {
    const session = await openIdle();
    session.append('messages.cleared', {});
    await terminal.shows('the messages were cleared');
    session.dropStreams();
    await terminal.shows('connection lost');
    await terminal.shows('connected again');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello');
  });

  it('lets no reply take over the terminal', async () => {
    const session = await openIdle();
    server.host = async (_, id) => session.answer(id, 'before\x1b]0;title\x07\x1b[2Jafter');
    terminal.type('Hello\r');
    await terminal.shows('before]0;title[2Jafter');
  });

  it('ends when the session is deleted', async () => {
    const session = await openIdle();
    session.append('session.deleted', {});
    await terminal.shows('the session was deleted');
    expect(await terminal.ended).toBe(0);
  });
});
