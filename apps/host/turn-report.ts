import type { EventEnvelope } from '#domain';
import { exitCodeIn } from './tools/bash.js';

export interface TurnReport {
  /** Relative to the session's folder. */
  path: string;
  text: string;
}

/** The lines that Host leaves in the computer about a turn: its steps, how long they took, how they ended. */
export function reportTurn(events: readonly EventEnvelope[], turnId: string, ending: string): TurnReport {
  const own = events.filter((event) => 'turn_id' in event.data && event.data.turn_id === turnId);
  const startedAt = own[0]?.time ?? new Date(0).toISOString();
  const lines = own.map((event) => lineOf(event, own)).filter((line) => line !== undefined);
  const text = [...lines, `${own.at(-1)?.time ?? startedAt} turn ${turnId} ${ending}`, ''].join('\n');
  return { path: `logs/host_${fileStamp(startedAt)}.log`, text };
}

function lineOf(event: EventEnvelope, own: EventEnvelope[]): string | undefined {
  switch (event.type) {
    case 'turn.started':
      return `${event.time} turn ${event.data.turn_id} started`;
    case 'model.responded': {
      const { model, took_ms, usage, stop_reason } = event.data;
      return `${event.time} ${model} answered in ${took_ms} ms (${usage.input_tokens} tokens in, ${usage.output_tokens} out, ${stop_reason})`;
    }
    case 'tool.completed': {
      const { use_id, took_ms, outcome, content } = event.data;
      const name = own.findLast((other) => other.type === 'tool.started' && other.data.use_id === use_id);
      const code = typeof content === 'string' ? exitCodeIn(content) : undefined;
      const tool = name?.type === 'tool.started' ? name.data.name : 'tool';
      return `${event.time} ${tool} ${outcome} in ${took_ms} ms${code === undefined ? '' : `, exit code ${code}`}`;
    }
    default:
      return undefined;
  }
}

/** `20260102_030405_678`, UTC; milliseconds keep two short turns apart. */
function fileStamp(time: string): string {
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  const [seconds = '', milliseconds = ''] = clock.replace('Z', '').split('.');
  return `${date.replaceAll('-', '')}_${seconds.replaceAll(':', '')}_${milliseconds}`;
}
