import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';

interface Deleted {
  deleted: string;
  erased: boolean;
}

export default class SessionDelete extends RaworcCommand {
  static override summary = 'Delete a session and its computer';
  static override description =
    'Works in every state. Its history stays on the log, unless --erase removes that too, and destroys the key of its secrets.';
  static override aliases = ['session:rm'];
  static override examples = [
    '<%= config.bin %> session delete quiet-otter-42',
    '<%= config.bin %> session delete quiet-otter-42 --erase',
  ];
  static override args = sessionArg;
  static override flags = {
    erase: Flags.boolean({ description: 'remove its history from the log as well; cannot be undone' }),
  };

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(SessionDelete);
    const query = flags.erase ? '?erase=true' : '';
    await new Client().call('DELETE', `${sessionPath(args.id)}${query}`);
    this.log(`${args.id} is ${flags.erase ? 'erased' : 'deleted'}.`);
    return { deleted: args.id, erased: flags.erase };
  }
}
