import * as Flags from '@oclif/core/flags';
import type { RemixedSession, RemixSession } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { Client } from '../../support/http/client.js';
import { askWhenUnsandboxed } from '../../support/local-service/ask-unsandboxed.js';
import { describeCopied } from '../../support/sessions/describe-copied.js';
import {
  parseBoolean,
  promptFlags,
  promptOf,
  sessionArg,
  sessionPath,
  textOrFile,
} from '../../support/sessions/flags.js';

const part = Flags.custom<boolean>({ parse: parseBoolean, helpValue: 'true|false' });

export default class SessionRemix extends RaworcCommand {
  static override summary =
    'Branch a session: a new one with its conversation and its files, and talk to Host';
  static override description =
    'The source is not touched; it may be idle, busy or closed. --at goes back to a point of its history: the conversation and the files as they were then.';
  static override examples = [
    '<%= config.bin %> session remix quiet-otter-42',
    '<%= config.bin %> session remix quiet-otter-42 -n with-merge-sort -p "Now use merge sort instead"',
    '<%= config.bin %> session remix quiet-otter-42 --at 17 --secrets false',
  ];
  static override args = sessionArg;
  static override flags = {
    name: Flags.string({ char: 'n', description: 'name of the new session; made up when left out' }),
    data: part({ char: 'd', description: 'take the data folder along' }),
    code: part({ char: 'c', description: 'take the code folder along' }),
    secrets: part({ char: 's', description: 'take the secrets along' }),
    'no-messages': Flags.boolean({ description: 'leave the conversation behind, take only the files' }),
    at: Flags.string({
      helpValue: 'VERSION|MESSAGE',
      description: 'a version or message id of the source; default: its last finished turn',
    }),
    ...promptFlags,
    model: Flags.string({ char: 'm', description: 'another Claude model' }),
    instructions: Flags.string({
      char: 'i',
      description: 'other instructions for Host',
      exclusive: ['instructions-file'],
    }),
    'instructions-file': Flags.string({ helpValue: 'FILE', description: 'the same from a file' }),
    'no-attach': Flags.boolean({ description: 'only create it, and print its id; so does --json' }),
  };

  async run(): Promise<RemixedSession> {
    const { args, flags } = await this.parse(SessionRemix);
    const prompt = await promptOf(flags);
    const attaches = !flags['no-attach'] && !this.jsonEnabled();
    const request: Partial<RemixSession> = {
      at: flags.at !== undefined && /^\d+$/.test(flags.at) ? Number(flags.at) : flags.at,
      name: flags.name,
      messages: flags['no-messages'] ? false : undefined,
      data: flags.data,
      code: flags.code,
      secrets: flags.secrets,
      prompt: attaches ? undefined : prompt,
      model: flags.model,
      instructions: await textOrFile(flags.instructions, flags['instructions-file']),
    };
    const client = new Client();
    const path = `${sessionPath(args.id)}/remix`;
    const { data: session } = await askWhenUnsandboxed(() =>
      client.call<RemixedSession>('POST', path, request),
    );
    if (flags['no-attach']) this.log(session.id);
    for (const line of describeCopied(session)) this.note(line);
    if (attaches) {
      const { attach } = await import('../../support/chat/attach.js');
      await attach(client, session, prompt);
    }
    return session;
  }
}
