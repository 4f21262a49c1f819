import * as Flags from '@oclif/core/flags';
import type { Session, StreamedEvent } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { streamSession } from '../../support/http/event-stream.js';
import { describeEvent } from '../../support/sessions/describe-event.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';
import { plainJson } from '../../support/terminal/plain-text.js';

export default class SessionEvents extends RaworcCommand {
  static override summary = "Show a session's history, event by event";
  static override description =
    'Each event has its sequence on the log, for --after, and its version in the session, for remix --at. With --follow --json each is one line.';
  static override examples = [
    '<%= config.bin %> session events quiet-otter-42',
    '<%= config.bin %> session events quiet-otter-42 --follow',
    '<%= config.bin %> session events quiet-otter-42 --after 4711 --json',
  ];
  static override args = sessionArg;
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on with what happens from now on' }),
    after: Flags.integer({
      min: 0,
      default: 0,
      helpValue: 'SEQUENCE',
      description: 'only what came after it',
    }),
  };

  async run(): Promise<StreamedEvent[] | undefined> {
    const { args, flags } = await this.parse(SessionEvents);
    const client = new Client();
    const { data: session } = await client.call<Session>('GET', sessionPath(args.id));
    if (flags.follow) return this.#follow(client, session.id, flags.after);
    const path = `${sessionPath(session.id)}/events?after=${flags.after}`;
    const { data: events } = await client.call<StreamedEvent[]>('GET', path);
    for (const event of events) this.log(describeEvent(event));
    return events;
  }

  async #follow(client: Client, sessionId: string, after: number): Promise<undefined> {
    const show = this.jsonEnabled() ? (event: StreamedEvent) => plainJson(event) : describeEvent;
    const signal = new AbortController().signal;
    for await (const item of streamSession(client, { sessionId, after, signal })) {
      if (item.kind === 'event') process.stdout.write(`${show(item.event)}\n`);
      if (item.kind === 'lost') this.note('connection lost; reconnecting …');
    }
  }
}
