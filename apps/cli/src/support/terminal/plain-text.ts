/** Without the control characters by which a text could take over the terminal. */
export function plainText(text: string): string {
  return text.replaceAll('\t', '  ').replace(/(?!\n)\p{Cc}/gu, '');
}

/** JSON for programs that a terminal can show as well: JSON itself escapes only some control characters. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
