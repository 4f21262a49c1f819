import { isToolUse, type EventEnvelope, type EventOf, type ToolUseBlock, type TurnFailure } from '#domain';
import { isEmptyReply } from './api-rules.js';
import { SHORTEN } from './model-failure.js';
import { isScreenUse } from './screen-view.js';

/** What a turn has to do next, told by its events alone: a turn that was cut off goes on like any other. */
export type NextStep =
  | { do: 'ask' }
  | { do: 'run-tool'; use: ToolUseBlock }
  /** The tool started and has no result: a crash came between. It may have done its work, so it is not run again. */
  | { do: 'give-up-tool'; use: ToolUseBlock }
  /** An action on the screen that counted on an earlier one of the same response, which failed. */
  | { do: 'skip-tool'; use: ToolUseBlock }
  | { do: 'complete'; stopReason: string }
  | { do: 'fail'; reason: TurnFailure; message: string }
  /** The turn has ended, or never started. */
  | { do: 'nothing' };

/** Stop reasons that end a turn badly. */
const FAILURES: Partial<Record<string, { reason: TurnFailure; message: string }>> = {
  max_tokens: {
    reason: 'output_limit',
    message:
      'Claude reached the length limit of one reply before it was done. Ask it to go on in smaller steps.',
  },
  model_context_window_exceeded: {
    reason: 'context_limit',
    message: `The conversation is too long for the model. ${SHORTEN}`,
  },
  refusal: {
    reason: 'model_refused',
    message: 'Claude declined to answer this message. Change what you ask for.',
  },
};

/** Replies in a row that say nothing and ask for nothing, until Host gives up. */
const EMPTY_REPLIES = 3;

/** @param maxRequests Requests to the model that one turn may make. */
export function nextStep(events: readonly EventEnvelope[], turnId: string, maxRequests: number): NextStep {
  const own = events.filter((event) => 'turn_id' in event.data && event.data.turn_id === turnId);
  if (own.length === 0 || own.some(endsTurn)) return { do: 'nothing' };
  const at = own.findLastIndex(({ type }) => type === 'model.responded');
  const response = own[at];
  if (response?.type !== 'model.responded') return { do: 'ask' };
  const failure = FAILURES[response.data.stop_reason];
  if (failure !== undefined) return { do: 'fail', ...failure };
  return afterResponse(response.data, own.slice(at + 1)) ?? afterSilence(own) ?? askAgain(own, maxRequests);
}

/** Undefined when every tool use has its result, so that the model has to be asked again. */
function afterResponse(
  response: EventOf<'model.responded'>['data'],
  later: EventEnvelope[],
): NextStep | undefined {
  const uses = response.content.filter(isToolUse);
  const has = (type: 'tool.started' | 'tool.completed', use: ToolUseBlock): boolean =>
    later.some((event) => event.type === type && event.data.use_id === use.id);
  const open = uses.find((use) => !has('tool.completed', use));
  if (open !== undefined) {
    if (has('tool.started', open)) return { do: 'give-up-tool', use: open };
    const skipped = isScreenUse(open) && uses.some((use) => isScreenUse(use) && failed(use, later));
    return { do: skipped ? 'skip-tool' : 'run-tool', use: open };
  }
  if (uses.length > 0 || response.stop_reason === 'pause_turn' || isEmptyReply(response)) return undefined;
  return { do: 'complete', stopReason: response.stop_reason };
}

/** Undefined while a reply that says something may still come. */
function afterSilence(own: EventEnvelope[]): NextStep | undefined {
  const responses = own.filter((event) => event.type === 'model.responded');
  const silent = responses.length - 1 - responses.findLastIndex(({ data }) => !isEmptyReply(data));
  if (silent < EMPTY_REPLIES) return undefined;
  const message = `Claude ended its reply ${silent} times without a word. What the turn did so far is kept; post a message to go on.`;
  return { do: 'fail', reason: 'empty_reply', message };
}

function failed(use: ToolUseBlock, later: EventEnvelope[]): boolean {
  return later.some(
    (event) => event.type === 'tool.completed' && event.data.use_id === use.id && event.data.is_error,
  );
}

function askAgain(own: EventEnvelope[], maxRequests: number): NextStep {
  const requests = own.filter(({ type }) => type === 'model.responded').length;
  if (requests < maxRequests) return { do: 'ask' };
  const message = `This turn made ${maxRequests} requests to the model, the limit for one turn. Post a message to let it go on.`;
  return { do: 'fail', reason: 'step_limit', message };
}

function endsTurn({ type }: EventEnvelope): boolean {
  return type === 'turn.completed' || type === 'turn.failed' || type === 'turn.interrupted';
}
