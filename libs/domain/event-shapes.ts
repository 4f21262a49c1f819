import type { EventType } from './events.js';

type Shape = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'text or blocks' | 'text or null';

/** What each event's data has to have. A reader takes anything else for an event of another Raworc. */
const SHAPES: Record<EventType, Record<string, Shape>> = {
  'session.created': {
    name: 'string',
    model: 'string',
    system_prompt: 'string',
    tools: 'array',
    instructions: 'text or null',
    setup: 'text or null',
    limits: 'object',
    image: 'text or null',
    metadata: 'object',
    timeout_seconds: 'number',
    created_by: 'string',
    secrets: 'object',
  },
  'session.remixed': { source_id: 'string', source_version: 'number', copied: 'object' },
  'computer.started': { driver: 'string', node: 'string', computer_id: 'string', origin: 'string' },
  'computer.failed': { reason: 'string', attempt: 'number', gave_up: 'boolean' },
  'computer.disrupted': { reason: 'string', detail: 'string', running: 'boolean' },
  'control.taken': { lease_id: 'string', by: 'string', until: 'number' },
  'control.released': { lease_id: 'string', reason: 'string' },
  'message.posted': { message_id: 'string', content: 'string', metadata: 'object' },
  'turn.started': { turn_id: 'string', message_ids: 'array' },
  'model.responded': {
    turn_id: 'string',
    message_id: 'string',
    model: 'string',
    content: 'array',
    stop_reason: 'string',
    usage: 'object',
  },
  'tool.started': { turn_id: 'string', use_id: 'string', name: 'string' },
  'tool.completed': { turn_id: 'string', use_id: 'string', content: 'text or blocks', is_error: 'boolean' },
  'turn.completed': { turn_id: 'string', stop_reason: 'string' },
  'turn.failed': { turn_id: 'string', reason: 'string', message: 'string' },
  'turn.interrupted': { turn_id: 'string', by: 'string' },
  'files.snapshotted': { snapshot_id: 'string', digest: 'string', at_version: 'number' },
  'files.snapshot_failed': { reason: 'string', at_version: 'number' },
  'root_filesystem.kept': { took_ms: 'number' },
  'messages.cleared': {},
  'session.closed': { reason: 'string' },
  'session.restored': { reason: 'string' },
  'session.updated': {},
  'state.forced': { from: 'string', to: 'string' },
  'session.deleted': {},
  'session.erased': {},
  'event.unreadable': { problem: 'string', reason: 'string' },
};

export function isEventType(type: unknown): type is EventType {
  return typeof type === 'string' && Object.hasOwn(SHAPES, type);
}

/** The first field of an event's data that is missing or of another kind; undefined when the data can be used. */
export function wrongField(type: EventType, data: unknown): string | undefined {
  if (!isObject(data)) return 'data';
  const wrong = Object.entries(SHAPES[type]).find(([field, shape]) => !fits(data[field], shape));
  return wrong && `data.${wrong[0]}`;
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'text or blocks':
      return typeof value === 'string' || Array.isArray(value);
    case 'text or null':
      return typeof value === 'string' || value === null;
    default:
      return typeof value === shape;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
