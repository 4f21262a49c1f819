import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { homePath, readContainersFile } from '../support/location/home.js';
import { followFile, tailFile } from '../support/local-service/follow-file.js';
import { formatLogLine, parseEntry } from '../support/local-service/log-format.js';
import { escapeJson } from '../support/terminal/plain-text.js';
import { paint } from '../support/terminal/paint.js';

export default class Logs extends RaworcCommand {
  static override summary = "Show the local service's log";
  static override description =
    'Of a service in containers it is that of the server; --of operator shows the other part, and docker logs raworc_nats the event log. With --json each entry stays as it was written; with --follow one a line.';
  static override examples = [
    '<%= config.bin %> logs',
    '<%= config.bin %> logs --follow --tail 20',
    '<%= config.bin %> logs --of operator',
  ];
  static override flags = {
    of: Flags.option({
      options: ['service', 'server', 'operator'] as const,
      description: 'of a service in containers: which part; without it, the server',
    })(),
    follow: Flags.boolean({ char: 'f', description: 'go on with what is written from now on' }),
    tail: Flags.integer({
      char: 'n',
      min: 0,
      default: 100,
      helpValue: 'N',
      description: 'number of last lines',
    }),
  };

  async run(): Promise<Record<string, unknown>[] | undefined> {
    const { flags } = await this.parse(Logs);
    const path = logFile(homePath(), flags.of);
    if (!existsSync(path) && !flags.follow) {
      this.note(`There is no log yet at ${path}. The service writes it when it starts: raworc start`);
      return [];
    }
    const { lines, end } = existsSync(path) ? await tailFile(path, flags.tail) : { lines: [], end: 0 };
    if (this.jsonEnabled() && !flags.follow) return lines.map((line) => parseEntry(line) ?? { msg: line });

    const color = paint(process.stdout);
    const show = this.jsonEnabled() ? escapeJson : (line: string) => formatLogLine(line, color);
    for (const line of lines) process.stdout.write(`${show(line)}\n`);
    if (!flags.follow) return undefined;
    for await (const line of followFile(path, end)) process.stdout.write(`${show(line)}\n`);
    return undefined;
  }
}

/** In containers each part writes its own. */
function logFile(home: string, part = readContainersFile(home) === undefined ? 'service' : 'server'): string {
  return join(home, 'logs', `${part}.log`);
}
