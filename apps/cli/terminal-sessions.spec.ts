import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Desk } from './testing/desk.js';

let desk: Desk;

beforeEach(async () => {
  desk = await Desk.set();
});

afterEach(() => desk.clear());

describe('sessions on a terminal', () => {
  it('shows the last messages when one comes back', async () => {
    const session = desk.server.createSession();
    session.answer(session.post('What was it?').id, 'It was this.');
    session.messages.forEach((message) => (message.status = 'complete'));
    session.close();
    const terminal = desk.run('session', 'restore', session.view.name);
    await terminal.shows('> What was it?\nIt was this.\n');
    await terminal.shows('> ');
    expect(session.view.state).toBe('idle');
  });

  it('understands the commands', async () => {
    const { session, terminal } = await desk.openIdle();
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
    const { session: source, terminal } = await desk.openIdle();
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
    const source = desk.server.createSession();
    const terminal = desk.run('session', 'remix', source.view.name, '-p', 'Use merge sort');
    await terminal.shows('copied 0 messages, 3 files (1024 bytes), 1 secret as of version 7.');
    await terminal.shows('> Use merge sort\n');
    await terminal.shows('You said: Use merge sort\n');
  });

  it('comes back by itself when the connection breaks', async () => {
    const { session, terminal } = await desk.openIdle();
    session.append('messages.cleared', {});
    await terminal.shows('the messages were cleared');
    session.dropStreams();
    await terminal.shows('connection lost');
    await terminal.shows('connected again');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello');
  });

  it('ends when the session is deleted', async () => {
    const { session, terminal } = await desk.openIdle();
    session.append('session.deleted', {});
    await terminal.shows('the session was deleted');
    expect(await terminal.ended).toBe(0);
    expect(terminal.text).not.toContain('Come back');
  });
});
