import * as Flags from '@oclif/core/flags';
import type { Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { table } from '../../support/terminal/table.js';
import { duration } from '../../support/terminal/time.js';

export default class SessionList extends RaworcCommand {
  static override summary = 'List sessions, newest first';
  static override aliases = ['session:ls'];
  static override examples = [
    '<%= config.bin %> session list',
    '<%= config.bin %> session list --state idle',
    '<%= config.bin %> session list --limit 20 --json',
  ];
  static override flags = {
    state: Flags.string({
      options: ['init', 'idle', 'busy', 'closed'],
      description: 'only those in this state',
    }),
    limit: Flags.integer({ min: 1, description: 'only the newest N' }),
  };

  async run(): Promise<Session[]> {
    const { flags } = await this.parse(SessionList);
    const query = new URLSearchParams();
    if (flags.state !== undefined) query.set('state', flags.state);
    if (flags.limit !== undefined) query.set('limit', String(flags.limit));
    const { data: sessions } = await new Client().call<Session[]>('GET', `sessions?${query.toString()}`);
    if (sessions.length === 0) this.note('There are no such sessions.');
    else this.log(table(['NAME', 'STATE', 'AGE', 'MESSAGES', 'ID'], sessions.map(toRow)));
    return sessions;
  }
}

function toRow({ name, state, created_at, message_count, id }: Session): string[] {
  return [name, state, duration(Date.now() / 1000 - created_at), String(message_count), id];
}
