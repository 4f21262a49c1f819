/** No reader of ours has to recurse deeper into a request. */
export const MAX_DEPTH = 64;

export interface JsonFault {
  /** Keys from the outside in, joined by dots. */
  path: string;
  message: string;
}

/**
 * The first thing in a parsed body that could not be kept as it came: JSON can write what neither UTF-8 nor a
 * JavaScript object holds. It is refused, because it would come back as something else, or not at all.
 */
export function faultIn(value: unknown): JsonFault | undefined {
  return inside(value, []);
}

function inside(value: unknown, path: readonly string[]): JsonFault | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : fault(path, LONE_SURROGATE);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : fault(path, TOO_LARGE);
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length === MAX_DEPTH) return { path: '', message: `is nested more than ${MAX_DEPTH} levels deep` };
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    if (!key.isWellFormed()) return fault(at, `is a key that ${LONE_SURROGATE}`);
    if (key === '__proto__') return fault(at, 'is a key that cannot be kept; name it otherwise');
    const found = inside(inner, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

const LONE_SURROGATE = 'has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character';
const TOO_LARGE = 'is a number beyond what a double holds';

function fault(path: readonly string[], message: string): JsonFault {
  return { path: path.join('.').toWellFormed().slice(0, 200), message };
}
