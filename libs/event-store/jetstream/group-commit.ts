import type { Outcome, Publisher, Write } from './publisher.js';

/** So many appends go out on their own at once; only what comes beyond is gathered. */
const ALONE = 32;
/** Appends in one atomic batch. */
const LARGEST_GROUP = 256;

interface Waiting {
  write: Write;
  settle: (outcome: Outcome | Promise<Outcome>) => void;
}

/**
 * Under load, appends that wait together go as one atomic batch, each with its own expected position: the server
 * then syncs to disk once for all of them. When the batch is refused, each goes alone and learns its own fate.
 */
export class GroupCommit {
  readonly #publisher: Publisher;
  #alone = 0;
  #grouping = false;
  #waiting: Waiting[] = [];

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  publish(write: Write): Promise<Outcome> {
    const groupable = write.messages.length === 1 && write.rollup !== true;
    if (!groupable) return this.#publisher.publish(write);
    if (!this.#grouping && this.#alone < ALONE) return this.#publishAlone(write);
    return new Promise((settle) => {
      this.#waiting.push({ write, settle });
      if (!this.#grouping) void this.#groupWaiting();
    });
  }

  async #publishAlone(write: Write): Promise<Outcome> {
    this.#alone += 1;
    try {
      return await this.#publisher.publish(write);
    } finally {
      this.#alone -= 1;
    }
  }

  /** While one group is on its way, the next one gathers. */
  async #groupWaiting(): Promise<void> {
    this.#grouping = true;
    // What is appended in this turn of the event loop comes along; so does what the writers of a group append next.
    await endOfTurn();
    while (this.#waiting.length > ALONE) {
      await this.#publishGroup(this.#nextGroup());
      await endOfTurn();
    }
    this.#grouping = false;
    for (const { write, settle } of this.#waiting.splice(0)) settle(this.#publishAlone(write));
  }

  /** The longest waiting, one of each session: a batch takes a second expectation on a subject for a conflict. */
  #nextGroup(): Waiting[] {
    const group = new Map<string, Waiting>();
    const rest: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const { subject } = waiting.write;
      if (group.size < LARGEST_GROUP && !group.has(subject)) group.set(subject, waiting);
      else rest.push(waiting);
    }
    this.#waiting = rest;
    return [...group.values()];
  }

  /** Settles all; a group of one, or one that was refused, message by message. */
  async #publishGroup(group: Waiting[]): Promise<void> {
    const outcome: Outcome = group.length === 1 ? { kind: 'conflict' } : await this.#together(group);
    for (const [index, { write, settle }] of group.entries()) {
      if (outcome.kind === 'stored') {
        settle({ kind: 'stored', sequence: outcome.sequence - (group.length - 1 - index) });
      } else {
        settle(outcome.kind === 'unknown' ? outcome : this.#publisher.publish(write));
      }
    }
  }

  async #together(group: Waiting[]): Promise<Outcome> {
    try {
      return await this.#publisher.publishTogether(group.map(({ write }) => write));
    } catch {
      // One of them is too large, or there is no room for all: alone, each gets its own answer.
      return { kind: 'conflict' };
    }
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
