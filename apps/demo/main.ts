import { mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { desktopScript, desktopStory } from './desktop.js';
import { availableLanguage } from './language.js';
import { script } from './script.js';
import { chooseDriver, setStage, type Stage } from './stage.js';
import { story, type Step } from './story.js';

/** None in a file or a pipe, where CI would ask for it. */
const color = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends the tour early. Its reason is the exit code, as a shell counts signals. */
const ending = new AbortController();

/** The guided tour: the page's story, with a scripted model and everything else real. */
async function main(): Promise<number> {
  const began = performance.now();
  say('The guided tour of Raworc. Claude is played by a script; log, views, computer and commands are real.');
  const driver = await chooseDriver();
  const language = availableLanguage(driver);
  if (driver === 'local-unsafe') {
    say(
      process.env['RAWORC_COMPUTERS'] === driver
        ? 'Without a sandbox, as RAWORC_COMPUTERS asks for: the commands of the tour run with your own rights.'
        : 'There is no sandbox here (Docker or bubblewrap), so the commands of the tour run with your own rights.',
    );
  }
  const stage = await setStage(driver, [desktopScript, ...script(language)], ending.signal);
  const onScreen = driver === 'docker' ? desktopStory(await pictureFile()) : [];
  try {
    for (const [index, step] of [...story(language), ...onScreen].entries()) {
      const exitCode = await play(stage, step, index + 1);
      if (ending.signal.aborted) return ending.signal.reason as number;
      if (exitCode !== 0) return exitCode;
    }
  } finally {
    await stage.clear();
  }
  say(
    `That was the tour, in ${((performance.now() - began) / 1000).toFixed(1)} s; its service is stopped and removed.`,
  );
  say('To work with Claude: export ANTHROPIC_API_KEY=… and run npm start, or npx raworc session.');
  return 0;
}

async function play(stage: Stage, { why, command, say: lines = [] }: Step, number: number): Promise<number> {
  process.stdout.write(`\n${color.bold(`${number}. ${why}`)}\n`);
  process.stdout.write(`${color.cyan(`$ npx raworc ${command.map(quoted).join(' ')}`)}\n`);
  for (const line of lines) process.stdout.write(`${color.cyan(`> ${line}`)}\n`);
  const exitCode = await stage.raworc(command, lines);
  if (exitCode !== 0 && !ending.signal.aborted)
    say(`raworc ${command.join(' ')} ended with exit code ${exitCode}; the tour stops here.`);
  return exitCode;
}

/** It stays when the tour is over. */
async function pictureFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'raworc-tour-')), 'guestbook.jpg');
}

function quoted(word: string): string {
  return /[?&\s]/.test(word) ? `"${word}"` : word;
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** Of a terminal that was closed, or a pipe that nobody reads any more. */
process.stdout.on('error', () => ending.abort(128 + constants.signals.SIGPIPE));
for (const signal of SIGNALS) process.on(signal, () => ending.abort(128 + constants.signals[signal]));

process.exitCode = await main();
