import {
  CompleteTurn,
  FailTurn,
  RecordResponse,
  ReportComputerStarted,
  StartTurn,
  type CommandContext,
} from '#commands';
import type { TestApp } from './test-app.js';

const OPERATOR: CommandContext = { actor: 'operator' };
const HOST: CommandContext = { actor: 'host' };
let turns = 0;

/** What the operator reports when the computer runs. */
export async function startComputer({ bus }: TestApp, id: string): Promise<void> {
  const data = {
    driver: 'test',
    node: 'test',
    image: null,
    computer_id: `computer-${id}`,
    took_ms: 1,
    origin: 'created' as const,
  };
  await bus.execute(new ReportComputerStarted(id, data, OPERATOR));
}

export async function startTurn({ bus }: TestApp, id: string, messageId: string): Promise<string> {
  const turnId = `turn-${(turns += 1)}`;
  await bus.execute(new StartTurn(id, { turnId, messageIds: [messageId] }, HOST));
  return turnId;
}

export async function respond({ bus }: TestApp, id: string, turnId: string, text: string): Promise<void> {
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  };
  const response = {
    turn_id: turnId,
    message_id: `reply-of-${turnId}`,
    model: 'claude-test',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage,
    request_digest: '',
    took_ms: 1,
  };
  await bus.execute(new RecordResponse(id, response, HOST));
}

/** A whole turn: the message is taken up and answered. */
export async function answer(app: TestApp, id: string, messageId: string, text: string): Promise<void> {
  const turnId = await startTurn(app, id, messageId);
  await respond(app, id, turnId, text);
  await app.bus.execute(new CompleteTurn(id, { turn_id: turnId, stop_reason: 'end_turn' }, HOST));
}

export async function failTurn(app: TestApp, id: string, messageId: string, message: string): Promise<void> {
  const turnId = await startTurn(app, id, messageId);
  await app.bus.execute(new FailTurn(id, { turnId, reason: 'model_unavailable', message }, HOST));
}
