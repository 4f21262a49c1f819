import { guardStandardStreams, takeEnvironment } from '#runtime';
import { systemErrorMessage } from './failure.js';

/** After a shutdown; what was written to the standard streams has left by then. */
const END_WITHIN_MS = 2_000;

/** The service in its role; with the name of a task as first argument, that task and nothing else. */
async function main(): Promise<void> {
  const { argv } = process;
  const env = takeEnvironment();
  const [task = '', ...args] = argv.slice(2);
  if (!task.startsWith('--') && task !== '') return runTask(task, args, env);
  if (task === '--doctor') return runTask('doctor', args, env);
  const { startService } = await import('./start-service.js');
  try {
    const service = await startService(env, argv);
    const failed = await service.finished;
    process.exitCode = failed.length === 0 ? 0 : 1;
  } finally {
    // Whatever still holds the event loop, as a start that was overtaken by its end, does not hold the process.
    setTimeout(() => process.exit(), END_WITHIN_MS).unref();
  }
}

/** Each is loaded alone: a health check runs every few seconds. */
async function runTask(task: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { taskOutput } = await import('./tasks/task.js');
  switch (task) {
    case 'doctor': {
      const { runDoctor } = await import('./tasks/doctor.js');
      process.stdout.write(`${JSON.stringify(await runDoctor(env))}\n`);
      return;
    }
    case 'health':
      return (await import('./tasks/health.js')).healthTask(env, args);
    case 'images': {
      const { buildTask, listTask } = await import('./tasks/images.js');
      return args[0] === 'build' ? buildTask(args.slice(1), env, taskOutput) : listTask(taskOutput);
    }
    case 'containers':
      return (await import('./tasks/containers.js')).containersTask(args, env, taskOutput);
    case 'belongings':
      return (await import('./tasks/belongings.js')).belongingsTask(env, taskOutput);
    case 'clean':
      return (await import('./tasks/belongings.js')).cleanTask(env, taskOutput);
    case 'stop':
      return (await import('./tasks/stop.js')).stopTask(env, taskOutput);
    case 'reset':
      return (await import('./tasks/belongings.js')).resetTask(env, taskOutput);
    default:
      throw new Error(`There is no task "${task}".`);
  }
}

guardStandardStreams();
try {
  await main();
} catch (error) {
  // People read the sentence; programs, such as the command line that starts this in the background, read the line.
  const failure = systemErrorMessage(error);
  process.stderr.write(process.stderr.isTTY ? `${failure.message}\n` : `${JSON.stringify(failure)}\n`);
  process.exitCode = 1;
}
