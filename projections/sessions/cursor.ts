/** A page's cursor is not one of ours. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
  readonly code = 'invalid_cursor';
  constructor(cursor: string) {
    super(`"${cursor.slice(0, 64)}" is no cursor of this list: take it from the reply before, unchanged.`);
  }
}

/** Names a session's place in the list, newest first; opaque to clients. */
export function encodeCursor({ created_at, id }: { created_at: number; id: string }): string {
  return Buffer.from(JSON.stringify([created_at, id])).toString('base64url');
}

/** @throws InvalidCursorError */
export function decodeCursor(cursor: string): [createdAt: number, id: string] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && value.length === 2) {
      const [createdAt, id] = value as unknown[];
      if (typeof createdAt === 'number' && typeof id === 'string') return [createdAt, id];
    }
  } catch {
    // Not JSON: the same answer as for any other text.
  }
  throw new InvalidCursorError(cursor);
}
