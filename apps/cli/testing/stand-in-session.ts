import type { ServerResponse } from 'node:http';
import type { Message, Session, StreamedEvent } from '#contracts';

const NO_USAGE = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

/** One session of the stand-in: its view, its messages, its events, and who streams them. */
export class StandInSession {
  readonly events: StreamedEvent[] = [];
  readonly messages: Message[] = [];
  readonly view: Session;
  readonly #streams = new Set<ServerResponse>();
  #turns = 0;

  constructor(number: number, { name = `quiet-otter-${number}`, state = 'idle' }: Partial<Session>) {
    const now = Date.now() / 1000;
    this.view = {
      id: `0198f000-0000-7000-8000-${String(number).padStart(12, '0')}`,
      name,
      state,
      created_by: 'user:local',
      created_at: now,
      last_activity_at: now,
      closed_at: null,
      parent_session_id: null,
      remixed_from: null,
      metadata: {},
      model: 'claude-sonnet-5-5',
      timeout_seconds: 300,
      auto_close_at: null,
      container_id: null,
      node: null,
      message_count: 0,
      usage: NO_USAGE,
      error: null,
      files_not_kept: null,
      keeping: false,
      desktop: false,
      controlled_by: null,
      version: 0,
    };
  }

  get sequence(): number {
    return this.events.at(-1)?.sequence ?? 0;
  }

  append(type: string, data: Record<string, unknown>): void {
    const sequence = this.sequence + 10;
    const event: StreamedEvent = {
      specversion: '1.0',
      id: `event-${sequence}`,
      type,
      source: '/raworc',
      subject: this.view.id,
      time: new Date().toISOString(),
      data,
      sessionversion: this.events.length + 1,
      schemaversion: 1,
      actor: 'host',
      commandid: 'c',
      correlationid: 'c',
      sequence,
    };
    this.events.push(event);
    for (const stream of this.#streams) writeEvent(stream, event);
  }

  /** A piece of a reply: only who listens now gets it. */
  delta(messageId: string, text: string): void {
    const data = { session_id: this.view.id, turn_id: 'turn', message_id: messageId, after: 0, text };
    for (const stream of this.#streams) stream.write(`event: delta\ndata: ${JSON.stringify(data)}\n\n`);
  }

  stream(response: ServerResponse, after: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: hello\ndata: {"head":0}\n\n: heartbeat\n\n');
    for (const event of this.events) if (event.sequence > after) writeEvent(response, event);
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  /** Breaks every connection, as a restart would. */
  dropStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  post(content: string): Message {
    const message = this.#addMessage('user', content, 'queued');
    this.append('message.posted', { message_id: message.id, role: 'user', content, metadata: {} });
    return message;
  }

  startComputer(): void {
    this.view.state = 'idle';
    this.append('computer.started', { driver: 'local', took_ms: 12 });
  }

  startTurn(messageId: string): string {
    this.#turns += 1;
    this.view.state = 'busy';
    const turnId = `turn-${this.#turns}`;
    this.append('turn.started', { turn_id: turnId, message_ids: [messageId] });
    return turnId;
  }

  say(text: string, messageId = `reply-${this.events.length}`): void {
    const usage = { ...NO_USAGE, input_tokens: 100, output_tokens: 20 };
    this.append('model.responded', { message_id: messageId, content: [{ type: 'text', text }], usage });
    this.#addMessage('host', text, 'complete');
  }

  runTool(name: string, input: object, result: { content: string; is_error?: boolean }): void {
    this.append('tool.started', { use_id: 'use', name, input });
    const outcome = result.is_error ? 'failed' : 'completed';
    this.append('tool.completed', { use_id: 'use', took_ms: 120, outcome, is_error: false, ...result });
  }

  endTurn(type: 'completed' | 'interrupted' = 'completed'): void {
    this.view.state = 'idle';
    this.append(`turn.${type}`, {
      turn_id: `turn-${this.#turns}`,
      stop_reason: 'end_turn',
      by: 'user:local',
    });
  }

  failTurn(reason: string, message: string): void {
    this.view.state = 'idle';
    this.append('turn.failed', { turn_id: `turn-${this.#turns}`, reason, message });
  }

  /** A whole turn of one reply. */
  answer(messageId: string, text: string): void {
    this.startTurn(messageId);
    this.say(text);
    this.endTurn();
  }

  interrupt(): void {
    if (this.view.state === 'busy') this.endTurn('interrupted');
  }

  close(): void {
    if (this.view.state === 'closed') return;
    this.view.state = 'closed';
    this.append('session.closed', { reason: 'requested' });
  }

  restore(): void {
    if (this.view.state !== 'closed') return;
    this.view.state = 'init';
    this.append('session.restored', { reason: 'requested' });
    this.startComputer();
  }

  update(changes: Partial<Session>): void {
    Object.assign(this.view, changes);
    this.append('session.updated', changes);
  }

  #addMessage(role: Message['role'], content: string, status: Message['status']): Message {
    const message: Message = {
      id: `message-${this.messages.length + 1}`,
      session_id: this.view.id,
      role,
      content,
      metadata: {},
      created_at: Date.now() / 1000,
      turn_id: null,
      status,
    };
    this.messages.push(message);
    this.view.message_count = this.messages.length;
    return message;
  }
}

function writeEvent(stream: ServerResponse, event: StreamedEvent): void {
  stream.write(`id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
