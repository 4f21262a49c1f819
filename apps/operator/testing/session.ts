import {
  CompleteTool,
  CompleteTurn,
  CreateSession,
  PostMessage,
  RecordResponse,
  RemixSession,
  StartTool,
  StartTurn,
} from '#commands';
import type { CreateSession as CreateRequest, RemixSession as RemixRequest } from '#contracts';
import {
  evolve,
  initialState,
  turnPossible,
  type EventEnvelope,
  type EventType,
  type SessionState,
} from '#domain';
import { user, type Service, type World } from './service.js';

export async function createSession(service: Service, request: CreateRequest = {}): Promise<string> {
  return (await service.execute(new CreateSession('', request, user))).sessionId;
}

export async function remixSession(
  service: Service,
  sourceId: string,
  request: Partial<RemixRequest> = {},
): Promise<string> {
  const parts = { messages: true, data: true, code: true, secrets: true };
  return (await service.execute(new RemixSession(sourceId, { ...parts, ...request }, user))).sessionId;
}

/** Waits until it holds of the session as it is now. */
export async function until(
  { memory }: World,
  sessionId: string,
  holds: (state: SessionState) => boolean,
): Promise<SessionState> {
  const end = new AbortController();
  let state = initialState;
  const events = memory.store.follow({ after: 0, sessionId, signal: end.signal });
  for await (const { event, sequence } of events) {
    state = { ...evolve(state, event), version: event.sessionversion };
    const isNow = (await memory.store.last(sessionId))?.sequence === sequence;
    if (isNow && holds(state)) end.abort();
  }
  return state;
}

/** Waits for the nth event of a type. */
export async function untilEvent(
  { memory }: World,
  sessionId: string,
  type: EventType,
  nth = 1,
): Promise<void> {
  const end = new AbortController();
  let seen = 0;
  for await (const { event } of memory.store.follow({ after: 0, sessionId, signal: end.signal })) {
    if (event.type === type) seen += 1;
    if (seen === nth) end.abort();
  }
}

export function untilIdle(world: World, sessionId: string): Promise<SessionState> {
  return until(world, sessionId, ({ status, snapshotDue }) => status === 'idle' && !snapshotDue);
}

export async function typesOf({ memory }: World, sessionId: string): Promise<EventType[]> {
  return (await memory.store.read(sessionId)).map(({ event }) => event.type);
}

export async function eventsOf<T extends EventType>(
  { memory }: World,
  sessionId: string,
  type: T,
): Promise<EventEnvelope<T>['data'][]> {
  const events = (await memory.store.read(sessionId)).map(({ event }) => event);
  return events.filter((event) => event.type === type).map(({ data }) => data as EventEnvelope<T>['data']);
}

/** A turn in which Host runs one command; ends when its files are kept. */
export async function runTurn(
  world: World,
  service: Service,
  sessionId: string,
  command: string,
): Promise<void> {
  const turn_id = await openTurn(world, service, sessionId, command);
  await service.execute(new CompleteTurn(sessionId, { turn_id, stop_reason: 'end_turn' }, user));
  await untilIdle(world, sessionId);
}

/** The same turn, left running. */
export async function openTurn(
  world: World,
  service: Service,
  sessionId: string,
  command: string,
): Promise<string> {
  await service.execute(new PostMessage(sessionId, { content: command, metadata: {} }, user));
  const { pendingMessageIds, version } = await until(world, sessionId, turnPossible);
  const turn_id = `turn-${version}`;
  await service.execute(new StartTurn(sessionId, { turnId: turn_id, messageIds: pendingMessageIds }, user));
  await service.execute(new RecordResponse(sessionId, toolRequest(turn_id, command), user));
  const use_id = `use-${turn_id}`;
  await service.execute(
    new StartTool(sessionId, { turn_id, use_id, name: 'bash', input: { command } }, user),
  );
  const result = await run(service, sessionId, command);
  const completed = {
    turn_id,
    use_id,
    content: result,
    is_error: false,
    outcome: 'completed' as const,
    took_ms: 1,
  };
  await service.execute(new CompleteTool(sessionId, completed, user));
  return turn_id;
}

export async function run({ computers }: Service, sessionId: string, command: string): Promise<string> {
  const limits = { timeoutMs: 10_000, maxOutputBytes: 10_000 };
  return (await computers.exec(sessionId, ['bash', '-c', command], limits)).output;
}

export async function readText({ computers }: Service, sessionId: string, path: string): Promise<string> {
  return new TextDecoder().decode(await computers.readFile(sessionId, path));
}

function toolRequest(turn_id: string, command: string) {
  return {
    turn_id,
    message_id: `reply-${turn_id}`,
    model: 'm',
    content: [{ type: 'tool_use', id: `use-${turn_id}`, name: 'bash', input: { command } }],
    stop_reason: 'tool_use',
    usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    request_digest: 'digest',
    took_ms: 1,
  };
}
