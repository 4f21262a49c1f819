/**
 * A secret as it may be shown: how long it is, and nothing of it. Of URLs only the credentials are hidden.
 */
export function maskSecret(value: string): string {
  if (value.includes('://')) return value.replace(/(?<=:\/\/)[^@,/]*(?=@)/g, '***');
  return `*** (${value.length} characters)`;
}
