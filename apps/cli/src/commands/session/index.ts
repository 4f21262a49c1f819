import * as Flags from '@oclif/core/flags';
import type { CreateSession, Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { askWhenUnsandboxed } from '../../support/local-service/ask-unsandboxed.js';
import { computerFlags, computerOf } from '../../support/sessions/computer-flags.js';
import { promptFlags, promptOf, textOrFile } from '../../support/sessions/flags.js';
import { secretFlags, secretsOf } from '../../support/sessions/secret-flags.js';

export default class SessionStart extends RaworcCommand {
  static override summary = 'Start a new session and talk to Host';
  static override description =
    'Messages are typed at the prompt, or come line by line from a pipe; --prompt-file - takes all of the pipe as one message. ANTHROPIC_API_KEY of this environment goes along as a secret of the session. Leaving does not close the session.';
  static override aliases = ['session:start'];
  static override examples = [
    '<%= config.bin %> session',
    '<%= config.bin %> session -n sales -p "Analyze the sales data in /data/sales_2024.csv"',
    'echo "What is in /etc/os-release?" | <%= config.bin %> session',
    'git diff | <%= config.bin %> session --prompt-file -',
    '<%= config.bin %> session --root --memory 4096 -s "apt-get install -y ffmpeg"',
    'DB_PASSWORD=… <%= config.bin %> session --secret DB_PASSWORD --secret DEPLOY_KEY=@deploy.pem',
    '<%= config.bin %> session --no-attach --json',
  ];
  static override flags = {
    name: Flags.string({ char: 'n', description: 'name of the session; made up when left out' }),
    timeout: Flags.integer({
      char: 't',
      min: 0,
      helpValue: 'SECONDS',
      description: 'close when idle for so long; 0 = never',
    }),
    ...secretFlags,
    instructions: Flags.string({
      char: 'i',
      description: 'what Host should know and heed in this session',
      exclusive: ['instructions-file'],
    }),
    'instructions-file': Flags.string({ helpValue: 'FILE', description: 'the same from a file' }),
    setup: Flags.string({
      char: 's',
      description: 'shell script, run once when the computer is made',
      exclusive: ['setup-file'],
    }),
    'setup-file': Flags.string({ helpValue: 'FILE', description: 'the same from a file' }),
    ...promptFlags,
    model: Flags.string({ char: 'm', description: 'Claude model; the server has a default' }),
    ...computerFlags,
    'no-attach': Flags.boolean({ description: 'only create it, and print its id; so does --json' }),
  };

  async run(): Promise<Session> {
    const { flags } = await this.parse(SessionStart);
    const prompt = await promptOf(flags);
    const attaches = !flags['no-attach'] && !this.jsonEnabled();
    const request: Partial<CreateSession> = {
      name: flags.name,
      timeout_seconds: flags.timeout,
      secrets: { ...keyOfEnvironment(), ...(await secretsOf(flags)) },
      instructions: await textOrFile(flags.instructions, flags['instructions-file']),
      setup: await textOrFile(flags.setup, flags['setup-file']),
      // Posted by the conversation itself when there is one, so that it sees the whole answer.
      prompt: attaches ? undefined : prompt,
      model: flags.model,
      ...computerOf(flags),
    };
    const client = new Client();
    const { data: session } = await askWhenUnsandboxed(() =>
      client.call<Session>('POST', 'sessions', request),
    );
    if (flags['no-attach']) {
      this.log(session.id);
      this.note(`Talk to it with: raworc session restore ${session.name}`);
    } else if (attaches) {
      const { attach } = await import('../../support/chat/attach.js');
      await attach(client, session, prompt);
    }
    return session;
  }
}

function keyOfEnvironment(): Record<string, string> {
  const key = process.env.ANTHROPIC_API_KEY;
  return key ? { ANTHROPIC_API_KEY: key } : {};
}
