const NAMED = 3;

/** Words for the reasons that people may not guess. */
const REASONS: Record<string, string> = {
  path_too_long: 'its path is too long',
  name_unsupported: 'its name cannot be kept',
  too_large: 'too large',
  changed_while_read: 'it changed while it was read',
  budget: 'the limit of a snapshot was reached',
};

/** The first of the paths that a snapshot does not hold, and how many more there are. */
export function describeSkipped({
  skipped,
  skipped_total: total,
}: {
  skipped: { path: string; why: string }[];
  skipped_total: number;
}): string {
  const named = skipped.slice(0, NAMED).map(({ path, why }) => `${printable(path)} (${REASONS[why] ?? why})`);
  const more = total - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** Names may hold anything, and a terminal obeys some of it. */
function printable(path: string): string {
  return path.replaceAll(/[\p{Cc}\p{Cs}]/gu, '?');
}
