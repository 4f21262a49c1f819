import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { engineHas, SESSION_IMAGE } from './needs.js';

/** An engine that a spec may stop, kill and fill: nothing else on this machine notices. */
export interface OwnEngine {
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** As a system does when it shuts down: the engine ends its containers first. */
  stop(): Promise<void>;
  /** Its containers stay behind. */
  kill(): Promise<void>;
  /** Takes all room on its disk but so many bytes. */
  fill(leaving: number): Promise<void>;
  makeRoom(): Promise<void>;
}

/** In memory; takes the image of sessions twice, as it is loaded. */
const DISK = '2g';
const START_MS = 120_000;
const PROGRAMS = ['dockerd', 'docker', 'unshare'];

/** Container runtimes that an own engine knows beside its usual one, by their programs. */
type Runtime = 'crun';

/**
 * Describes what needs an engine of its own, which is the one of DOCKER_HOST meanwhile; where none can be had, one
 * line says so. With RAWORC_REQUIRE_DOCKER set, as in CI, it fails then.
 */
export function describeWithOwnEngine(
  name: string,
  suite: (engine: () => OwnEngine) => void,
  runtimes: Runtime[] = [],
): void {
  const missing = [...PROGRAMS, ...runtimes].filter(
    (program) => spawnSync(program, ['--version']).error !== undefined,
  );
  if (process.getuid?.() !== 0) missing.push('root');
  if (!engineHas(SESSION_IMAGE)) missing.push(`an engine with ${SESSION_IMAGE}`);
  if (missing.length > 0) {
    process.stderr.write(`not run, because it needs ${missing.join(', ')}: ${name}\n`);
    return it(`${name} may be left out`, () => expect(process.env['RAWORC_REQUIRE_DOCKER']).toBeFalsy());
  }
  describe(name, () => {
    const { DOCKER_HOST: usual } = process.env;
    let own: Awaited<ReturnType<typeof startOwnEngine>> | undefined;
    beforeAll(async () => {
      own = await startOwnEngine(runtimes);
      process.env['DOCKER_HOST'] = own.address;
    }, START_MS);
    afterAll(async () => {
      if (usual === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = usual;
      await own?.remove();
    });
    suite(() => {
      if (own === undefined) throw new Error('The engine has not started.');
      return own.engine;
    });
  });
}

async function startOwnEngine(runtimes: Runtime[]) {
  const folder = await mkdtemp(join(tmpdir(), 'raworc-engine-'));
  const [disk, pid] = [join(folder, 'disk'), join(folder, 'pid')];
  const address = `unix://${join(folder, 'socket')}`;
  const inside = openNamespaces();
  const engine: OwnEngine = {
    async start() {
      const places = `--data-root ${disk} --exec-root ${folder}/run --pidfile ${pid} --host ${address}`;
      await inside.run(`dockerd --config-file ${folder}/config ${places} </dev/null >>${folder}/log 2>&1 &`);
      await eventually(() => answers(address));
    },
    stop: () => inside.run(`kill -TERM $(cat ${pid}); wait`),
    kill: () => inside.run(`kill -KILL $(cat ${pid}); wait`),
    async fill(leaving) {
      const left = `$(($(df --output=avail -B1 ${disk} | tail -n 1) - ${leaving}))`;
      // What the engine itself writes meanwhile may leave less; full is full.
      await inside.run(`head -c ${left} /dev/zero >$(mktemp ${disk}/filler.XXXXXX) 2>/dev/null || :`);
    },
    makeRoom: () => inside.run(`rm -f ${disk}/filler.*`),
  };
  const remove = async (): Promise<void> => {
    await inside.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const known = Object.fromEntries(runtimes.map((path) => [path, { path }]));
    await writeFile(join(folder, 'config'), JSON.stringify({ runtimes: known }));
    await inside.run(`mkdir ${disk} && mount -t tmpfs -o size=${DISK} tmpfs ${disk}`);
    // What the machine's own engine has in there is out of reach.
    await inside.run('mount -t tmpfs tmpfs /run && ip link set lo up');
    // Beside the first version of control groups, crun wants no controller in the second.
    if (runtimes.includes('crun'))
      await inside.run('[ ! -d /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified');
    await engine.start();
    await promisify(execFile)('sh', ['-c', `docker save ${SESSION_IMAGE} | docker --host ${address} load`]);
    return { address, engine, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function answers(address: string): Promise<boolean> {
  const asked = promisify(execFile)('docker', ['--host', address, 'version']);
  return asked.then(
    () => true,
    () => false,
  );
}

/**
 * A shell that is the first process of namespaces of its own. The processes in them, their bridges, their rules for
 * packets and their mounts end with it, also when the spec is killed: then its input ends.
 */
function openNamespaces() {
  const options = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const shell = spawn('unshare', [...options, 'sh'], { stdio: 'pipe' });
  const ended = once(shell, 'exit');
  const codes = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  return {
    /** Runs a line, which must succeed and print nothing. */
    async run(line: string): Promise<void> {
      shell.stdin.write(`${line}\necho $?\n`);
      const { value } = await codes.next();
      if (value !== '0') throw new Error(`${line}: ${complaint.trim()}`);
    },
    async end(): Promise<void> {
      shell.kill('SIGKILL');
      await ended;
    },
  };
}
