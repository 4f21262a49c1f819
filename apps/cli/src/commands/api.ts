import { randomUUID } from 'node:crypto';
import { string as arg } from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { usageError } from '../support/errors/cli-error.js';
import { describeError, exitCodeOf } from '../support/errors/report-error.js';
import { Client } from '../support/http/client.js';
import { errorFromReply } from '../support/http/problem.js';
import { readText } from '../support/http/send.js';
import { plainJson, plainText } from '../support/terminal/plain-text.js';
import { parseHeaders, readBody } from '../support/api/request-input.js';
import { copyToStdout, printJson } from '../support/api/print-reply.js';

/** The REST API from the shell. stdout carries the reply and nothing else; stdin is touched for -b @- alone. */
export default class Api extends RaworcCommand {
  static override summary = 'Call the REST API; prints the reply as JSON';
  static override description =
    'stdout is only the reply, so it can be piped into jq. Errors go to stderr, with exit code 1 and an empty stdout.';
  static override examples = [
    '<%= config.bin %> api sessions',
    '<%= config.bin %> api "sessions?state=idle"',
    '<%= config.bin %> api sessions/quiet-otter-42/close -m post',
    `<%= config.bin %> api sessions/quiet-otter-42/messages -m post -b '{"content":"Generate unit tests"}'`,
    '<%= config.bin %> api sessions/quiet-otter-42 -m delete',
  ];
  static override args = {
    path: arg({
      description: 'address under /api/v0, with its query',
      required: true,
      // Without this oclif would read a missing argument from stdin, and eat a loop's input.
      ignoreStdin: true,
    }),
  };
  static override flags = {
    method: Flags.string({ char: 'm', default: 'GET', helpValue: 'METHOD', description: 'in any case' }),
    body: Flags.string({
      char: 'b',
      helpValue: 'JSON',
      description: 'body as JSON, or @file; @- reads stdin',
    }),
    header: Flags.string({
      char: 'H',
      helpValue: "'NAME: VALUE'",
      multiple: true,
      multipleNonGreedy: true,
      description: 'one more header; may be repeated',
    }),
    status: Flags.boolean({ char: 's', description: 'print the HTTP status on stderr' }),
    pretty: Flags.boolean({ char: 'p', default: true, allowNo: true, description: 'indent the JSON' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Api);
    const method = flags.method.toUpperCase();
    const headers = parseHeaders(flags.header ?? []);
    const body = flags.body === undefined ? undefined : await readBody(flags.body, headers);
    if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
      throw usageError(`A ${method} request carries no body.`, 'Add a method, such as -m post.');
    }
    // Makes it safe to send the request again when the server asks for that.
    if (method === 'POST') headers['idempotency-key'] ??= randomUUID();
    const client = new Client();
    const reply = await client.request(method, args.path, { headers, body });
    const status = reply.statusCode ?? 0;
    if (flags.status) process.stderr.write(`HTTP ${status} ${plainText(reply.statusMessage ?? '')}\n`);
    if (status >= 400) throw errorFromReply(status, await readText(reply), client.url(args.path));

    const isJson = /\bjson\b/.test(reply.headers['content-type'] ?? '');
    if (isJson) printJson(await readText(reply), flags.pretty);
    else await copyToStdout(reply);
  }

  /** The reply is JSON with or without --json, so errors stay on stderr either way. */
  protected override async catch(error: Error): Promise<void> {
    if (!this.jsonEnabled()) return super.catch(error);
    process.exitCode = exitCodeOf(error);
    process.stderr.write(`${plainJson({ error: describeError(error) }, 2)}\n`);
  }
}
