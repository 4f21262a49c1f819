import { systemErrorMessage } from './failure.js';
import { runDoctor } from './doctor.js';
import { startService } from './start-service.js';

/** The one-process form of Raworc: server, operator and host beside an embedded nats-server. */
async function main(): Promise<void> {
  if (process.argv.includes('--doctor')) {
    process.stdout.write(`${JSON.stringify(await runDoctor(process.env))}\n`);
    return;
  }
  const service = await startService(process.env);
  const failed = await service.finished;
  process.exitCode = failed.length === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  // People read the sentence; programs, such as the command line that starts this in the background, read the line.
  const failure = systemErrorMessage(error);
  process.stderr.write(process.stderr.isTTY ? `${failure.message}\n` : `${JSON.stringify(failure)}\n`);
  process.exitCode = 1;
}
