/** Keeps head and tail of a text that is too long for the model, and says how much is missing between them. */
export function clip(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text.toWellFormed();
  const half = Math.floor(maxCharacters / 2);
  const left = text.length - 2 * half;
  return `${text.slice(0, half)}\n[... ${left} characters left out ...]\n${text.slice(-half)}`.toWellFormed();
}
