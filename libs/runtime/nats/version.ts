/**
 * The oldest nats-server that has atomic batches. Older ones silently ignore the batch headers, so a batch
 * would be stored in part: they are refused rather than warned about.
 */
export const MINIMUM_NATS_VERSION = '2.12.1';

/** Whether a version such as `2.12.1` or `v2.14.0-RC.2` is new enough. What cannot be read is not. */
export function isSupportedNatsVersion(version: string): boolean {
  const found = parse(version);
  const needed = parse(MINIMUM_NATS_VERSION);
  if (!found || !needed) return false;
  for (const [index, part] of needed.numbers.entries()) {
    const own = found.numbers[index] ?? 0;
    if (own !== part) return own > part;
  }
  return !found.preRelease;
}

/** Negative when the first is older, positive when it is newer; a release is newer than its candidates. */
export function compareNatsVersions(first: string, second: string): number {
  const [one, other] = [parse(first), parse(second)];
  if (!one || !other) return (one ? 1 : 0) - (other ? 1 : 0);
  for (const [index, part] of one.numbers.entries()) {
    const difference = part - (other.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(other.preRelease) - Number(one.preRelease);
}

function parse(version: string): { numbers: number[]; preRelease: boolean } | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-.+)?/.exec(version);
  if (!match) return undefined;
  return { numbers: match.slice(1, 4).map(Number), preRelease: match[4] !== undefined };
}
