import * as Flags from '@oclif/core/flags';
import type { Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { askWhenUnsandboxed } from '../../support/local-service/ask-unsandboxed.js';
import { promptFlags, promptOf, sessionArg, sessionPath } from '../../support/sessions/flags.js';

export default class SessionRestore extends RaworcCommand {
  static override summary = 'Come back to a session: restore it when it is closed, and talk to Host';
  static override description =
    'Files, installed programs and the conversation are as they were; nothing is processed again.';
  static override examples = [
    '<%= config.bin %> session restore quiet-otter-42',
    '<%= config.bin %> session restore quiet-otter-42 -p "Continue with the regional breakdown"',
  ];
  static override args = sessionArg;
  static override flags = {
    ...promptFlags,
    'no-attach': Flags.boolean({ description: 'only restore it; so does --json' }),
  };

  async run(): Promise<Session> {
    const { args, flags } = await this.parse(SessionRestore);
    const prompt = await promptOf(flags);
    const client = new Client();
    // Restoring a running session changes nothing, so there is no need to look first.
    const path = `${sessionPath(args.id)}/restore`;
    const { data: session } = await askWhenUnsandboxed(() => client.call<Session>('POST', path, {}));
    if (!flags['no-attach'] && !this.jsonEnabled()) {
      const { attach } = await import('../../support/chat/attach.js');
      await attach(client, session, prompt);
      return session;
    }
    if (prompt !== undefined) {
      await client.call('POST', `${sessionPath(session.id)}/messages`, { content: prompt });
    }
    this.log(
      `${session.name} is ${session.state === 'init' ? 'restored; its computer starts' : session.state}.`,
    );
    return session;
  }
}
