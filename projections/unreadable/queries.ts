import type { Query, ViewReader } from '#projections/runner';

export interface UnreadableEvent {
  sequence: number;
  session_id: string;
  /** As the event says; null when it says nothing. */
  type: string | null;
  problem: string;
  reason: string;
  at: number;
}

export class UnreadableQueries {
  private readonly first: Query<[number], UnreadableEvent>;
  private readonly counted: Query<[], { count: number }>;

  constructor(reader: ViewReader) {
    this.first = reader.query('SELECT * FROM unreadable_events ORDER BY sequence LIMIT ?');
    this.counted = reader.query('SELECT count(*) AS count FROM unreadable_events');
  }

  list(limit: number): UnreadableEvent[] {
    return this.first.all(limit);
  }

  count(): number {
    return this.counted.get()?.count ?? 0;
  }
}
