import { spawnSync } from 'node:child_process';
import pc from 'picocolors';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desktopScript, desktopStory } from './desktop.js';
import { script } from './script.js';
import { setStage, type Stage } from './stage.js';
import { story, type Language, type Step } from './story.js';

/** It stays when the tour is over. */
const PICTURE = join(tmpdir(), 'raworc-tour.jpg');

/** None in a file or a pipe, where CI would ask for it. */
const color = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);

/** The guided tour: the page's story, with a scripted model and everything else real. */
async function main(): Promise<number> {
  const language = availableLanguage();
  const began = performance.now();
  say('The guided tour of Raworc. Claude is played by a script; log, views, computer and commands are real.');
  const stage = await setStage([desktopScript, ...script(language)]);
  const onScreen = stage.hasDesktop ? desktopStory(PICTURE) : [];
  try {
    for (const [index, step] of [...story(language), ...onScreen].entries()) {
      const exitCode = await play(stage, step, index + 1);
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
  process.stdout.write(`${color.cyan(`$ raworc ${command.map(quoted).join(' ')}`)}\n`);
  for (const line of lines) process.stdout.write(`${color.cyan(`> ${line}`)}\n`);
  const exitCode = await stage.raworc(command, lines);
  if (exitCode !== 0)
    say(`raworc ${command.join(' ')} ended with exit code ${exitCode}; the tour stops here.`);
  return exitCode;
}

/** The page's story is in Python; a bare machine may have none. */
function availableLanguage(): Language {
  const python = spawnSync('/usr/bin/python3', ['--version'], { stdio: 'ignore' }).status === 0;
  return python
    ? { name: 'Python', extension: 'py', run: 'python3' }
    : { name: 'Bash', extension: 'sh', run: 'bash' };
}

function quoted(word: string): string {
  return /[?&\s]/.test(word) ? `"${word}"` : word;
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

process.exitCode = await main();
