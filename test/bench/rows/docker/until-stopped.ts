import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';

const POLL_MS = 20;

/** Resolves when a session's container stands still. */
export async function untilStopped(docker: Docker, sessionId: string): Promise<void> {
  const container = docker.getContainer(`raworc_session_${sessionId}`);
  while ((await container.inspect()).State.Running) await delay(POLL_MS);
}
