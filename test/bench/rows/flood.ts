import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ScriptBlock } from '#stand-in';
import type { FloodOrder } from '../fixtures/flood-process.js';
import { callService, withServiceProcess, type ServiceAddress } from '../fixtures/service-process.js';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench } from '../row.js';
import { percentile } from '../stats.js';

const TURNS = 30;
const FLOOD_SECONDS = 120;
const FLOOD_PROCESS = fileURLToPath(new URL('../fixtures/flood-process.js', import.meta.url));

const bash = (command: string): ScriptBlock => ({ type: 'tool_use', name: 'bash', input: { command } });
const text = (said: string): ScriptBlock => ({ type: 'text', text: said });

/** Processes, output, files and disk, all at once and for as long as the flood lasts; it ends by itself. */
const HAVOC = `
(timeout 3 bash -c 'while :; do (sleep 1 &) ; done') >/dev/null 2>&1 &
(timeout 3 bash -c 'while :; do :; done') &
(timeout 3 bash -c 'while :; do :; done') &
(timeout 3 bash -c 'n=0; while :; do n=$((n+1)); echo $n > data/f$((n % 3000)); done') &
(timeout 3 bash -c 'while :; do head -c 50000000 /dev/zero > data/big; rm -f data/big; done') &
timeout 2 yes 'a line of a command that does not stop'; wait`;

const SCRIPT = [
  { lastUserText: /flood/, replies: [[bash(HAVOC)], [text('Flooded.')]] },
  { replies: [[bash('echo hello')], [text('Done.')]] },
];

/** What one session's flood does to another session's turns. */
export const flood: Bench = {
  name: 'turn beside a flood',
  measure: ({ quick }) =>
    withServiceProcess('local', SCRIPT, async (address) => {
      const [quiet, loud] = await Promise.all([newSession(address), newSession(address)]);
      const turn = () =>
        callService(address, 'POST', `sessions/${quiet}/messages?wait=reply`, { content: 'hi' });
      const p95 = async (): Promise<number> => {
        const times: number[] = [];
        for (let n = 0; n < (quick ? 5 : TURNS); n++) times.push(await timeOf(turn));
        return percentile(times, 0.95);
      };
      const rounds = await inTurns(quick ? 1 : 3, {
        ours: () => withFlood({ address, sessionId: loud, seconds: FLOOD_SECONDS }, p95),
        bare: p95,
      });
      return [
        {
          path: `turn while another session floods, p95 of ${TURNS}`,
          unit: 'ms',
          bareIs: 'the same turns, quiet',
          bars: [{ of: 'ratio', atMost: 2 }],
          ...rounds,
        },
      ];
    }),
};

async function newSession(address: ServiceAddress): Promise<string> {
  const { id } = await callService<{ id: string }>(address, 'POST', 'sessions?wait=idle', {});
  return id;
}

/** The flood runs before the work begins, and is over, with its session's turn ended, when this returns. */
async function withFlood<T>(order: FloodOrder, work: () => Promise<T>): Promise<T> {
  const child = fork(FLOOD_PROCESS, [JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  try {
    await once(child, 'message');
    await started(order);
    return await work();
  } finally {
    child.kill('SIGKILL');
    await ended;
    await callService(order.address, 'POST', `sessions/${order.sessionId}/interrupt`);
    await callService(order.address, 'POST', `sessions/${order.sessionId}/close`);
    await callService(order.address, 'POST', `sessions/${order.sessionId}/restore?wait=idle`);
  }
}

/** Waits until the flooding session is at work. */
async function started(order: FloodOrder): Promise<void> {
  const path = `sessions/${order.sessionId}`;
  const { state } = await callService<{ state: string }>(order.address, 'GET', path);
  if (state === 'busy') return;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return started(order);
}
