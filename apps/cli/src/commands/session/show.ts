import type { Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { describeSession } from '../../support/sessions/describe-session.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';

export default class SessionShow extends RaworcCommand {
  static override summary = 'Show a session';
  static override examples = ['<%= config.bin %> session show quiet-otter-42'];
  static override args = sessionArg;

  async run(): Promise<Session> {
    const { args } = await this.parse(SessionShow);
    const { data: session } = await new Client().call<Session>('GET', sessionPath(args.id));
    this.log(describeSession(session));
    return session;
  }
}
