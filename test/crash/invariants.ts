import { DomainError, evolve, initialState, type EventEnvelope, type SessionState } from '#domain';

/** What has to hold besides the rules of the log itself. */
export interface Expectations {
  /** Message ids that the service has acknowledged, by session. */
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Checks a whole log, given in its order, and returns one sentence for each rule that is broken. It reads nothing but
 * events: what it proves can be proved by everybody who has the log.
 */
export function brokenRules(log: readonly EventEnvelope[], { acknowledged }: Expectations): string[] {
  const ids = new Set<string>();
  const problems = log.flatMap(({ id, subject }) => {
    if (ids.has(id)) return [`event ${id} is on the log twice (${subject})`];
    ids.add(id);
    return [];
  });
  const sessions = Map.groupBy(log, ({ subject }) => subject);
  for (const [sessionId, history] of sessions) {
    problems.push(...sessionProblems(history).map((problem) => `${sessionId}: ${problem}`));
  }
  for (const [sessionId, messageIds] of acknowledged) {
    const history = sessions.get(sessionId) ?? [];
    if (history.at(-1)?.type === 'session.erased') continue;
    const posted = new Set(
      history.map((event) => (event.type === 'message.posted' ? event.data.message_id : '')),
    );
    for (const id of messageIds) {
      if (!posted.has(id)) problems.push(`${sessionId}: the acknowledged message ${id} is not on the log`);
    }
  }
  return problems;
}

function sessionProblems(history: readonly EventEnvelope[]): string[] {
  if (history.length === 1 && history[0]?.type === 'session.erased') return [];
  const rules = new SessionRules();
  for (const event of history) rules.see(event);
  return rules.atRest();
}

/** Follows one session's history, event by event. */
class SessionRules {
  readonly #problems: string[] = [];
  readonly #messages = new Set<string>();
  readonly #answered = new Set<string>();
  readonly #uses = new Map<string, 'asked' | 'started' | 'completed'>();
  #state: SessionState = initialState;
  #turn: string | undefined;
  #lastTurn: string | undefined;
  #version = 0;

  see(event: EventEnvelope): void {
    this.#version += 1;
    if (event.sessionversion !== this.#version) {
      this.#report(event, `has version ${event.sessionversion} where ${this.#version} is due`);
    }
    if ((this.#version === 1) !== (event.type === 'session.created')) this.#report(event, 'is out of place');
    if (this.#state.lifecycle === 'deleted' && event.type !== 'session.erased')
      this.#report(event, 'follows the deletion');
    this.#seeTurn(event);
    this.#seeTool(event);
    this.#fold(event);
  }

  /** A session at rest has no open turn and no message that waits, unless it is closed or its computer failed. */
  atRest(): string[] {
    const { lifecycle, status, turn, pendingMessageIds } = this.#state;
    if (lifecycle === 'copying') this.#problems.push('the copy was never finished');
    if (lifecycle !== 'live') return this.#problems;
    if (turn !== null) this.#problems.push(`turn ${turn.id} never ended`);
    if (status === 'idle' && pendingMessageIds.length > 0) {
      this.#problems.push(`messages ${pendingMessageIds.join(', ')} were never taken up`);
    }
    for (const [id, step] of this.#uses) {
      if (step !== 'completed') this.#problems.push(`tool use ${id} was ${step} and has no result`);
    }
    return this.#problems;
  }

  #seeTurn(event: EventEnvelope): void {
    switch (event.type) {
      case 'message.posted':
        if (this.#messages.has(event.data.message_id))
          this.#report(event, `posts ${event.data.message_id} again`);
        this.#messages.add(event.data.message_id);
        return;
      case 'turn.started':
        if (this.#turn !== undefined) this.#report(event, `begins while turn ${this.#turn} is open`);
        this.#turn = event.data.turn_id;
        for (const id of event.data.message_ids) {
          if (!this.#messages.has(id)) this.#report(event, `answers ${id}, which nobody posted`);
          if (this.#answered.has(id)) this.#report(event, `answers ${id} again`);
          this.#answered.add(id);
        }
        return;
      case 'turn.completed':
      case 'turn.failed':
      case 'turn.interrupted':
        if (this.#turn !== event.data.turn_id)
          this.#report(event, `ends turn ${event.data.turn_id}, which is not open`);
        this.#lastTurn = event.data.turn_id;
        this.#turn = undefined;
        return;
      case 'model.responded':
        if (![this.#turn, this.#lastTurn].includes(event.data.turn_id)) {
          this.#report(
            event,
            `belongs to turn ${event.data.turn_id}, which is neither open nor the last one`,
          );
        }
        return;
      default:
    }
  }

  #seeTool(event: EventEnvelope): void {
    if (event.type === 'model.responded') {
      for (const block of event.data.content) {
        if (block.type === 'tool_use') this.#step(event, String(block['id']), [undefined], 'asked');
      }
    }
    if (event.type === 'tool.started') this.#step(event, event.data.use_id, ['asked'], 'started');
    if (event.type === 'tool.completed') {
      const from = event.data.outcome === 'completed' ? ['started'] : ['asked', 'started'];
      this.#step(event, event.data.use_id, from, 'completed');
    }
  }

  #step(
    event: EventEnvelope,
    id: string,
    from: (string | undefined)[],
    to: 'asked' | 'started' | 'completed',
  ): void {
    const before = this.#uses.get(id);
    if (!from.includes(before))
      this.#report(event, `makes tool use ${id} ${to} after it was ${before ?? 'never asked for'}`);
    this.#uses.set(id, to);
  }

  #fold(event: EventEnvelope): void {
    try {
      this.#state = { ...evolve(this.#state, event), version: event.sessionversion };
    } catch (error) {
      if (!(error instanceof DomainError) && !(error instanceof TypeError)) throw error;
      this.#report(event, `cannot be folded: ${error.message}`);
    }
  }

  #report({ type, sessionversion }: EventEnvelope, what: string): void {
    this.#problems.push(`${type} at version ${sessionversion} ${what}`);
  }
}
