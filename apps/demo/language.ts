import { spawnSync } from 'node:child_process';
import type { Driver } from './stage.js';
import type { Language } from './story.js';

/** Where a command of a sandboxed session finds its programs. */
const SANDBOX_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The page's story is in Python, which the image of sessions has, and this machine may lack; bash is everywhere. */
export function availableLanguage(driver: Driver): Language {
  if (driver === 'docker' || hasPython(driver)) return { name: 'Python', extension: 'py', run: 'python3' };
  return { name: 'Bash', extension: 'sh', run: 'bash' };
}

function hasPython(driver: Driver): boolean {
  const PATH = driver === 'local' ? SANDBOX_PATH : process.env['PATH'];
  const env = { ...process.env, PATH };
  return spawnSync('python3', ['--version'], { env, stdio: 'ignore' }).status === 0;
}
