const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
const TOPIC = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Session ids and names become one token of a subject, where dots, blanks and wildcards have a meaning. */
export function assertToken(value: string): void {
  if (TOKEN.test(value)) return;
  throw new RangeError(`${JSON.stringify(value)} is not an id of 1 to 64 letters, digits, "_" and "-".`);
}

export function assertTopic(value: string): void {
  if (TOPIC.test(value)) return;
  throw new RangeError(
    `${JSON.stringify(value)} is not a topic of letters, digits, "_", "-" and inner dots.`,
  );
}
