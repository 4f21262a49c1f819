import { isToolUse, type EventEnvelope, type Usage } from '#domain';
import { exitCodeIn } from './tools/bash.js';

/** The lines of Host's log about a turn: its steps, how long they took, how they ended. They only grow at their end. */
export function turnLines(events: readonly EventEnvelope[], turnId: string, ending?: string): string[] {
  const own = ownEvents(events, turnId);
  const lines = own.map((event) => lineOf(event, own)).filter((line) => line !== undefined);
  return ending === undefined ? lines : [...lines, `${own.at(-1)?.time} turn ${turnId} ${ending}`];
}

/** How a turn ended that was ended from outside; undefined when it was not. */
export function endingOf(events: readonly EventEnvelope[], turnId: string): string | undefined {
  const end = ownEvents(events, turnId).find(
    ({ type }) => type === 'turn.interrupted' || type === 'turn.failed',
  );
  if (end?.type === 'turn.interrupted') return `interrupted by ${end.data.by}`;
  return end?.type === 'turn.failed' ? `failed: ${end.data.reason}` : undefined;
}

/** `host_20260102_030405_678.log`, UTC; milliseconds keep two short turns apart. */
export function turnLogName(events: readonly EventEnvelope[], turnId: string): string {
  const time = ownEvents(events, turnId)[0]?.time ?? new Date(0).toISOString();
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  const [seconds = '', milliseconds = ''] = clock.replace('Z', '').split('.');
  return `host_${date.replaceAll('-', '')}_${seconds.replaceAll(':', '')}_${milliseconds}.log`;
}

function ownEvents(events: readonly EventEnvelope[], turnId: string): EventEnvelope[] {
  return events.filter((event) => 'turn_id' in event.data && event.data.turn_id === turnId);
}

function lineOf(event: EventEnvelope, own: EventEnvelope[]): string | undefined {
  switch (event.type) {
    case 'turn.started':
      return `${event.time} turn ${event.data.turn_id} started`;
    case 'model.responded': {
      const { model, took_ms, usage, stop_reason } = event.data;
      return `${event.time} ${model} answered in ${took_ms} ms (${tokensRead(usage)} tokens in, ${usage.output_tokens} out, ${stop_reason})`;
    }
    case 'tool.completed': {
      const { use_id, took_ms, outcome, content } = event.data;
      const code = typeof content === 'string' ? exitCodeIn(content) : undefined;
      return `${event.time} ${nameOf(use_id, own)} ${outcome} in ${took_ms} ms${code === undefined ? '' : `, exit code ${code}`}`;
    }
    default:
      return undefined;
  }
}

/** Also those that came from the cache of the API or went there, which `input_tokens` leaves out. */
function tokensRead(usage: Usage): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

/** As the model asked; a use that was never started is no event of its own. */
function nameOf(useId: string, own: EventEnvelope[]): string {
  const blocks = own.flatMap((event) => (event.type === 'model.responded' ? event.data.content : []));
  return blocks.filter(isToolUse).find(({ id }) => id === useId)?.name ?? 'tool';
}
