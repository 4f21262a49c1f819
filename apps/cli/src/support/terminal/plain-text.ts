/**
 * Characters by which a text could take over a terminal or show something else than it says: control characters (C0
 * and C1), marks and embeddings that turn the direction of writing, and separators that only some programs take for
 * the end of a line. Letters that are written from right to left are none of them.
 */
const UNSAFE = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;

/** A text as a terminal may show it. */
export function plainText(text: string): string {
  return text.replaceAll('\t', '  ').replace(UNSAFE, '');
}

/** A value as JSON for programs that a terminal can show as well. */
export function plainJson(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, null, indent));
}

/** JSON that says the same, with escapes for what a terminal must not get: JSON itself asks for few of them. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    // Between values it is white space, and may stay.
    if (character === '\r' || character === '\t') return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
