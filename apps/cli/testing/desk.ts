import { temporaryHome, Terminal } from './run-cli.js';
import { StandInServer } from './stand-in-server.js';
import type { StandInSession } from './stand-in-session.js';

/** A stand-in server and a terminal in front of it. */
export class Desk {
  readonly #home = temporaryHome();
  #terminal: Terminal | undefined;

  private constructor(readonly server: StandInServer) {}

  static async set(): Promise<Desk> {
    return new Desk(await StandInServer.start());
  }

  async clear(): Promise<void> {
    this.#terminal?.kill();
    await this.#terminal?.ended;
    await this.server.stop();
    this.#home.remove();
  }

  run(...args: string[]): Terminal {
    this.#terminal = new Terminal(args, { env: { ...this.server.env, RAWORC_HOME: this.#home.path } });
    return this.#terminal;
  }

  /** An idle session at its prompt. */
  async openIdle(): Promise<{ session: StandInSession; terminal: Terminal }> {
    const session = this.server.createSession();
    const terminal = this.run('session', 'restore', session.view.name);
    await terminal.shows('\n> ');
    return { session, terminal };
  }
}
