import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI, temporaryHome, Terminal } from './testing/run-cli.js';
import { StandInServer } from './testing/stand-in-server.js';

const CTRL_Z = '\x1a';
/** As npm and an older Node do: a process that starts the command line on the same terminal, and waits for it. */
const WRAPPED = `require('child_process').spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit' })`;

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

/** A shell with job control, in which a person has come back to an idle session. */
async function chatInShell(): Promise<void> {
  const session = server.createSession();
  const env = { ...server.env, RAWORC_HOME: home.path, PS1: 'shell$ ', WRAPPED, CLI, NODE: process.execPath };
  terminal = new Terminal(['--norc', '--noprofile', '-i'], { program: 'bash', env });
  await terminal.shows('shell$ ');
  terminal.type(`"$NODE" -e "$WRAPPED" "$CLI" session restore ${session.view.name}\r`);
  await terminal.shows('\n> ');
}

/** The innermost process of the conversation first. */
async function chatProcesses(): Promise<[number, ...number[]]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  const found = stdout
    .split('\n')
    .filter((line) => line.includes(`${CLI} session restore`) && !line.includes('spawnSync'))
    .map((line) => Number.parseInt(line, 10));
  const [last, ...others] = found.reverse();
  if (last === undefined) throw new Error('The conversation does not run.');
  return [last, ...others];
}

describe('Ctrl-Z in a conversation', () => {
  it('stops all that the shell started, and gives the terminal back; fg goes on', async () => {
    await chatInShell();
    terminal.type('half a line');
    await terminal.shows('half a line');
    terminal.type(CTRL_Z);
    await terminal.shows('Stopped');
    // The bracketed paste that the conversation had asked for has ended before the shell is told.
    expect(terminal.raw.lastIndexOf('\x1b[?2004l')).toBeLessThan(terminal.raw.indexOf('Stopped'));
    await terminal.shows('shell$ ');
    terminal.type('echo "the shell" answers\r');
    await terminal.shows('the shell answers');
    terminal.type('fg\r');
    await terminal.shows('> half a line');
    terminal.type(', completed\r');
    await terminal.shows('You said: half a line, completed\n');
    terminal.type('/quit\r');
    await terminal.shows('raworc session restore');
    await terminal.shows('shell$ ');
  });

  it('is what a signal from another terminal does as well', async () => {
    await chatInShell();
    terminal.type('half a line');
    await terminal.shows('half a line');
    const [pid] = await chatProcesses();
    process.kill(pid, 'SIGTSTP');
    await terminal.shows('Stopped');
    expect(terminal.raw.lastIndexOf('\x1b[?2004l')).toBeLessThan(terminal.raw.indexOf('Stopped'));
    terminal.type('stty -a\r');
    await terminal.shows(/ icanon [^]* echo /);
    terminal.type('fg\r');
    await terminal.shows('> half a line');
    process.kill(pid, 'SIGTSTP');
    await terminal.shows('Stopped');
    terminal.type('fg\r');
    await terminal.shows('> half a line');
    terminal.type(', completed\r');
    await terminal.shows('You said: half a line, completed\n');
  });

  it('goes on by itself where no shell could continue it', async () => {
    const session = server.createSession();
    const env = { ...server.env, RAWORC_HOME: home.path };
    terminal = new Terminal(['session', 'restore', session.view.name], { env });
    await terminal.shows('\n> ');
    terminal.type(CTRL_Z);
    await terminal.shows('> ');
    terminal.type('Hello\r');
    await terminal.shows('You said: Hello\n');
  });
});

describe('a window that becomes narrower', () => {
  it('shows a prompt that had wrapped once', async () => {
    const session = server.createSession();
    const env = { ...server.env, RAWORC_HOME: home.path };
    terminal = new Terminal(['session', 'restore', session.view.name], { env, columns: 60 });
    await terminal.shows('\n> ');
    terminal.type('x'.repeat(100));
    await terminal.shows(/x{40}\n?x{40}/);
    const before = terminal.raw.length;
    terminal.resize(30);
    await terminal.shows('> x');
    // 102 cells are four rows of 30, which a terminal has made of the two rows of 60: it goes up by three of them.
    expect(terminal.raw.slice(before)).toContain('\x1b[3A');
  });
});
