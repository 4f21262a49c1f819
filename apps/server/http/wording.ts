import { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** Says what a value has to be, in the words of whoever sent it. A schema that has words of its own keeps them. */
export function useOwnWording(): void {
  z.config({ customError: wordingOf });
}

/** Undefined leaves it to the library. */
function wordingOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return ofWrongType(issue.expected, issue.input);
    case 'too_big':
      return bound('at most', issue.origin, issue.maximum);
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'must not be empty'
        : bound('at least', issue.origin, issue.minimum);
    case 'invalid_value':
      return `must be ${listed(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'unrecognized_keys':
      return `has no field ${listed(issue.keys.map((key) => JSON.stringify(key)))}`;
    case 'invalid_format':
      return issue.format === 'uuid' ? 'must be a UUID, as the reply before gave it' : undefined;
    case 'invalid_union':
      return `must be ${listed(kindsIn(issue.errors.flat()))}`;
    default:
      return undefined;
  }
}

function ofWrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing';
  const kind = KINDS[expected] ?? `of type ${expected}`;
  // A number with a fraction where a whole one is due is a number all the same.
  const has = expected === 'int' ? undefined : kindOf(input);
  return has === undefined || has === kind ? `must be ${kind}` : `must be ${kind}, not ${has}`;
}

function kindOf(input: unknown): string | undefined {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'boolean') return String(input);
  if (typeof input === 'number') return Number.isNaN(input) ? undefined : 'a number';
  return KINDS[typeof input];
}

function bound(which: string, origin: string, limit: number | bigint): string | undefined {
  if (limit === Number.MAX_SAFE_INTEGER) return 'is too large a number';
  if (limit === Number.MIN_SAFE_INTEGER) return 'is too small a number';
  if (origin === 'number' || origin === 'int') return `must be ${which} ${limit}`;
  if (origin === 'string') return `must have ${which} ${limit} characters`;
  if (origin === 'array') return `must have ${which} ${limit} entries`;
  return undefined;
}

/** What each alternative asks for. */
function kindsIn(issues: readonly z.core.$ZodIssue[]): string[] {
  const kinds = issues.map((issue) => {
    if (issue.code === 'invalid_type') return KINDS[issue.expected] ?? issue.expected;
    return issue.code === 'invalid_value' ? issue.values.map((value) => JSON.stringify(value)) : [];
  });
  return [...new Set(kinds.flat())];
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? 'something else';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
