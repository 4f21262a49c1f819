import type { Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';
import { copyable } from '../../support/terminal/copyable.js';

export default class SessionClose extends RaworcCommand {
  static override summary = 'Close a session to save resources; everything is kept';
  static override description =
    'Its computer ends; the command waits until what was installed in it is kept as well. Restoring it, or a message to it, brings it back as it was.';
  static override examples = ['<%= config.bin %> session close quiet-otter-42'];
  static override args = sessionArg;

  async run(): Promise<Session> {
    const { args } = await this.parse(SessionClose);
    const { data: session } = await new Client().call<Session>(
      'POST',
      `${sessionPath(args.id)}/close?wait=kept`,
    );
    this.log(
      copyable(`${session.name} is closed. Bring it back with: raworc session restore ${session.name}`),
    );
    return session;
  }
}
