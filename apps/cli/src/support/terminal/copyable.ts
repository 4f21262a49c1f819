/** What npm calls its own run of a command line that need not be on the path: `npx raworc`, `npm start`, the tour. */
const RUN_BY_NPM = ['npx', 'start', 'demo'];

const COMMAND =
  /(?<!npx |\w|[-/.])raworc (?=(?:api|clean|doctor|images|logs|rebuild|reset|session|start|status|stop|--help)\b)/g;

/** Advice whose command lines work when they are copied: with npx where the user came by npm. */
export function copyable(advice: string, env: NodeJS.ProcessEnv = process.env): string {
  return RUN_BY_NPM.includes(env['npm_lifecycle_event'] ?? '')
    ? advice.replace(COMMAND, 'npx raworc ')
    : advice;
}
