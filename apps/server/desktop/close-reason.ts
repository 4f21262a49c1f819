import { toProblem } from '../problems/to-problem.js';

/** How a WebSocket ends: a code, and at most 123 bytes of text, which begin with an error code where there is one. */
export interface CloseReason {
  code: number;
  text: string;
}

const MOST_BYTES = 123;

export const SERVER_STOPS: CloseReason = { code: 1001, text: 'stopping: The service stops.' };
export const CONTROL_RETURNED: CloseReason = { code: 1000, text: 'control_returned' };
export const CONTROL_TAKEN: CloseReason = {
  code: 4409,
  text: 'control_taken: Another connection uses the desktop now.',
};
export const CONTROL_LOST: CloseReason = {
  code: 4409,
  text: 'control_lost: The computer starts again; take control when it runs.',
};
export const CONTROL_GIVEN_BACK: CloseReason = {
  code: 4409,
  text: 'control_lost: Control was given back meanwhile; take it again to use the desktop.',
};
export const SESSION_DELETED: CloseReason = {
  code: 4404,
  text: 'session_not_found: The session was deleted.',
};
export const SCREEN_ENDED: CloseReason = {
  code: 4503,
  text: 'computer_failed: The computer ended the connection to its screen.',
};

/** 4000 and the HTTP status that the failure would have. */
export function closeReasonOf(error: unknown): CloseReason {
  const found = toProblem(error);
  if (found === undefined)
    return { code: 4500, text: 'internal: This is a fault in Raworc; its log has more.' };
  return { code: 4000 + found.status, text: cut(`${found.code}: ${found.detail}`) };
}

function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MOST_BYTES) return text;
  return bytes
    .subarray(0, MOST_BYTES - 4)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
