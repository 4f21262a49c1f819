import type { Problem } from '#contracts';
import { CliError } from '../errors/cli-error.js';
import { plainText } from '../terminal/plain-text.js';

const HINTS: Partial<Record<string, string>> = {
  model_key_missing: 'For example: export ANTHROPIC_API_KEY=sk-ant-…',
  unauthorized: 'Set RAWORC_TOKEN to the token of that server. A local service keeps its own in RAWORC_HOME.',
  session_not_found: 'See the sessions with: raworc session list',
  id_ambiguous: 'Give more of the id, or the name.',
};

/** What the API advises, in the words of the command line. */
const OUR_ADVICE: [api: RegExp, cli: string][] = [
  [/ Create a session with "desktop": true\./, ' Create one that has: raworc session --desktop'],
];

/** What an error reply says, as an error of ours. */
export function errorFromReply(status: number, text: string, url: URL): CliError {
  const problem = parseProblem(text);
  if (problem === undefined) {
    return new CliError(`http_${status}`, `${url.href} answered ${status}, and not in Raworc's way.`, {
      hint: 'Is a Raworc server at this address?',
    });
  }
  const said = OUR_ADVICE.reduce(
    (text, [api, cli]) => text.replace(api, cli),
    problem.detail || problem.title,
  );
  return new CliError(problem.code, plainText(`${said}${fieldErrors(problem)}`), {
    hint: HINTS[problem.code],
    details: problem,
  });
}

/** The fields that the detail does not name. */
function fieldErrors({ detail, errors = [] }: Problem): string {
  return errors
    .map(({ path, message }) => `${path || 'body'}: ${message}`)
    .filter((line) => !detail.includes(line))
    .map((line) => `\n  ${line}`)
    .join('');
}

function parseProblem(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    const isProblem = typeof value?.code === 'string' && typeof (value.detail ?? value.title) === 'string';
    return isProblem ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}
