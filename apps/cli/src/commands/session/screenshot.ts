import { writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import type { Session } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { messageOf, usageError } from '../../support/errors/cli-error.js';
import { Client } from '../../support/http/client.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';

interface Saved {
  session_id: string;
  path: string;
  bytes: number;
}

export default class SessionScreenshot extends RaworcCommand {
  static override summary = "Save what a session's desktop shows now, as a JPEG";
  static override examples = [
    '<%= config.bin %> session screenshot quiet-otter-42',
    '<%= config.bin %> session screenshot quiet-otter-42 -o now.jpg',
    '<%= config.bin %> session screenshot quiet-otter-42 -o - | display',
  ];
  static override args = sessionArg;
  static override flags = {
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE',
      description: "where to; the session's name and .jpg when left out, - for stdout",
    }),
  };

  async run(): Promise<Saved | undefined> {
    const { args, flags } = await this.parse(SessionScreenshot);
    if (flags.output === '-' && this.jsonEnabled()) {
      throw usageError('stdout cannot hold both the picture and JSON.', 'Give a file: -o FILE.');
    }
    const client = new Client();
    const { data: session } = await client.call<Session>('GET', sessionPath(args.id));
    const picture = await client.bytes(`${sessionPath(session.id)}/screenshot`, 'image/jpeg');
    if (flags.output === '-') {
      process.stdout.write(picture);
      return undefined;
    }
    const path = resolve(flags.output ?? `${basename(session.name)}.jpg`);
    await save(path, picture);
    this.log(path);
    return { session_id: session.id, path, bytes: picture.length };
  }
}

async function save(path: string, picture: Buffer): Promise<void> {
  try {
    await writeFile(path, picture);
  } catch (error) {
    throw usageError(`${path} cannot be written: ${messageOf(error)}.`, 'Give another file: -o FILE.');
  }
}
