/** Without the control characters by which a text could take over the terminal. */
export function plainText(text: string): string {
  return text.replaceAll('\t', '  ').replace(/(?!\n)\p{Cc}/gu, '');
}
