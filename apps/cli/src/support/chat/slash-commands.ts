import type { DesktopLink, Message, RemixedSession, Session } from '#contracts';
import { CliError, usageError } from '../errors/cli-error.js';
import { HOW_TO_OPEN } from '../desktop/how-to-open.js';
import type { Client } from '../http/client.js';
import { describeSession } from '../sessions/describe-session.js';
import type { Conversation } from './conversation.js';
import { describeCopied } from '../sessions/describe-copied.js';
import type { Output } from './output.js';

/** What the conversation does after a command. */
export type Next = { do: 'stay' } | { do: 'leave' } | { do: 'switch'; session: Session };

interface SlashCommand {
  names: string[];
  takes?: string;
  summary: string;
  run(context: SlashContext, argument: string): Promise<Next | void>;
}

export interface SlashContext {
  client: Client;
  conversation: Conversation;
  output: Output;
}

const COMMANDS: SlashCommand[] = [
  {
    names: ['status'],
    summary: 'show the session: id, name, state …',
    run: async ({ client, conversation, output }) => {
      output.answer(describeSession((await client.call<Session>('GET', conversation.path)).data));
    },
  },
  {
    names: ['messages'],
    takes: '[N]',
    summary: 'show the last N messages (10)',
    run: async ({ client, conversation, output }, argument) => {
      const limit = argument === '' ? 10 : wholeNumber(argument);
      const { data } = await client.call<Message[]>('GET', `${conversation.path}/messages?limit=${limit}`);
      output.answer(
        data.map(({ role, content }) => `${role}: ${content}`).join('\n') || 'There are no messages yet.',
      );
    },
  },
  {
    names: ['desktop'],
    summary: 'an address to watch and use the screen at, in a browser',
    run: async ({ client, conversation, output }) => {
      const { data } = await client.call<DesktopLink>('POST', `${conversation.path}/desktop`);
      output.answer(data.url);
      output.note(HOW_TO_OPEN, 'dim');
    },
  },
  {
    names: ['interrupt'],
    summary: 'interrupt the turn; so does Ctrl-C',
    run: async ({ conversation, output }) => {
      if (!conversation.progress.turnRuns) return output.note('no turn runs', 'dim');
      await conversation.interrupt();
    },
  },
  {
    names: ['close'],
    summary: 'end the computer and keep everything; a message restores it',
    run: async ({ client, conversation }) => {
      await client.call('POST', `${conversation.path}/close`);
    },
  },
  {
    names: ['restore'],
    summary: 'start the computer again',
    run: async ({ client, conversation }) => {
      await client.call('POST', `${conversation.path}/restore`, {});
    },
  },
  {
    names: ['remix'],
    takes: '[NAME]',
    summary: 'go on in a copy of this session; this one stays as it is',
    run: async ({ client, conversation, output }, argument) => {
      const body = argument === '' ? {} : { name: argument };
      const { data } = await client.call<RemixedSession>('POST', `${conversation.path}/remix`, body);
      for (const line of describeCopied(data)) output.note(line, 'dim');
      return { do: 'switch', session: data };
    },
  },
  {
    names: ['name'],
    takes: 'NAME',
    summary: 'give the session a name',
    run: async ({ client, conversation }, argument) => {
      if (argument === '') throw usageError('/name needs a name.');
      await client.call('PATCH', conversation.path, { name: argument });
    },
  },
  {
    names: ['timeout'],
    takes: 'SECONDS',
    summary: 'close when idle for so long; 0 = never',
    run: async ({ client, conversation, output }, argument) => {
      const seconds = wholeNumber(argument);
      await client.call('PATCH', conversation.path, { timeout_seconds: seconds });
      output.note(
        seconds === 0 ? 'it never closes by itself' : `it closes when idle for ${seconds} s`,
        'dim',
      );
    },
  },
  { names: ['help'], summary: 'show this', run: async ({ output }) => output.answer(help()) },
  {
    names: ['quit', 'q', 'exit'],
    summary: 'leave; the session goes on',
    run: async () => ({ do: 'leave' }),
  },
];

/** Whether the input is a command. `/data/x.csv is …` is a message, and so is anything after a blank. */
export function isSlashCommand(input: string): boolean {
  return /^\/[a-z?]*(\s|$)/i.test(input);
}

/** @throws {CliError} when there is no such command, or the server refuses. */
export async function runSlashCommand(input: string, context: SlashContext): Promise<Next> {
  const [, word = '', argument = ''] = /^\/(\S*)\s*([^]*?)\s*$/.exec(input) ?? [];
  const command = COMMANDS.find(({ names }) => names.includes(word.toLowerCase()));
  if (command === undefined) {
    throw new CliError('usage', `There is no command /${word}.`, {
      exit: 2,
      hint: '/help lists the commands. To send this as a message, begin it with a blank.',
    });
  }
  return (await command.run(context, argument)) ?? { do: 'stay' };
}

function help(): string {
  const rows = COMMANDS.map(({ names, takes, summary }) => [
    [...names.map((word) => `/${word}`), ...(takes === undefined ? [] : [takes])].join(' '),
    summary,
  ]);
  const width = Math.max(...rows.map(([usage = '']) => usage.length));
  return rows.map(([usage = '', summary]) => `${usage.padEnd(width)}  ${summary}`).join('\n');
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`"${text}" is not a whole number.`);
}
