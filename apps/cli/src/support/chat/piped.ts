import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Session } from '#contracts';
import { printError } from '../errors/report-error.js';
import type { Client } from '../http/client.js';
import { Conversation } from './conversation.js';
import { describeWhere } from './greetings.js';
import { PipedOutput } from './piped-output.js';
import { isSlashCommand, runSlashCommand } from './slash-commands.js';

const PATIENCE_MS = 60_000;
const INTERRUPTED = 130;

/**
 * Takes each line of stdin as a message and waits for its answer, until the input ends.
 * Resolves to whether the last turn, or the last command, was fine.
 */
export async function talkThroughPipe(client: Client, first: Session, prompt?: string): Promise<boolean> {
  // Read from the beginning, so that no line is lost while the session is looked up.
  const lines = linesOf(process.stdin);
  const output = new PipedOutput();
  const open = (session: Session): Promise<Conversation> => {
    output.note(describeWhere(session), 'dim');
    if (session.state === 'init') output.note('starting the computer …', 'dim');
    return Conversation.open({ client, session, output, history: 0, patienceMs: PATIENCE_MS });
  };

  let conversation = await open(first);
  interruptOnSignal(() => conversation);
  await conversation.until(() => !conversation.progress.working);
  const ask = async (text: string): Promise<boolean> =>
    (await conversation.outcomeOf(await conversation.post(text))) === 'completed';
  let fine = prompt === undefined ? isFine(conversation) : await ask(prompt);

  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const text = line.value.trim();
    if (text === '') continue;
    if (!isSlashCommand(line.value)) {
      fine = await ask(text);
      continue;
    }
    const next = await runSlashCommand(line.value, { client, conversation, output }).catch(
      (error: unknown) => {
        printError(error);
        return undefined;
      },
    );
    fine = next === undefined ? false : isFine(conversation);
    if (next?.do === 'leave') break;
    if (next?.do === 'switch') {
      conversation.leave();
      conversation = await open(next.session);
    }
  }
  conversation.leave();
  process.stdin.destroy();
  if (conversation.farewell !== undefined) output.note(conversation.farewell, 'dim');
  return fine;
}

function linesOf(input: NodeJS.ReadStream): AsyncIterator<string> {
  // The prompt may have been read from it; readline would wait for an end that has come already.
  const readable = input.readableEnded ? Readable.from([]) : input;
  return createInterface({ input: readable, terminal: false })[Symbol.asyncIterator]();
}

function isFine({ progress }: Conversation): boolean {
  return progress.lastOutcome === undefined || progress.lastOutcome === 'completed';
}

/** Ctrl-C ends the turn and this program, never the session. */
function interruptOnSignal(current: () => Conversation): void {
  process.once('SIGINT', () => {
    const { progress } = current();
    const interrupted = progress.turnRuns ? current().interrupt() : Promise.resolve();
    void interrupted.catch(() => undefined).then(() => process.exit(INTERRUPTED));
  });
}
