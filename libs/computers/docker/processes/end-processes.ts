import type Docker from 'dockerode';
import { callInContainer } from '../files/inside-call.js';
import { type ProcessesRequest, END_PROCESSES } from '../inside/processes.js';

/** Ends processes in a running container. Fails when nothing more can be started there, as under a fork bomb. */
export async function endProcesses(
  container: Docker.Container,
  request: ProcessesRequest,
  root: boolean,
): Promise<void> {
  await callInContainer(container, END_PROCESSES, request, root);
}
