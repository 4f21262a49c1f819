import { ComputerError } from '../../computer.js';
import { isSessionId } from '../../local/session-folder.js';

/** The image of sessions that name none; built from docker/session. */
export const SESSION_IMAGE = 'raworc/session:latest';

/** All sessions' containers are in it; it lets none of them reach another. */
export const NETWORK = 'raworc_sessions';

export const LABELS = {
  managed: 'raworc.managed',
  /** Whose computers these are, when several services share an engine. */
  home: 'raworc.home',
  session: 'raworc.session',
  /** The session whose snapshots a volume holds. */
  snapshots: 'raworc.snapshots',
  image: 'raworc.image',
  limits: 'raworc.limits',
  network: 'raworc.network',
  /** Whether the session works as root. */
  root: 'raworc.root',
  runtime: 'raworc.runtime',
  /** Of a session's own image: the container and the end of it whose root filesystem it holds. */
  kept: 'raworc.kept',
  /** The session that a container beside its own works for. */
  helper: 'raworc.helper',
} as const;

/** What one session has on the engine. */
export interface SessionNames {
  sessionId: string;
  container: string;
  volume: string;
  snapshots: string;
  /** The root filesystem with what was changed in it; there when something was. */
  rootImage: string;
  rootTag: { repo: string; tag: string };
}

/** Throws `command_refused` for an id that could name anything else. */
export function sessionNames(sessionId: string): SessionNames {
  if (!isSessionId(sessionId)) {
    throw new ComputerError(
      'command_refused',
      `"${sessionId}" is not a session id: use 1 to 64 letters, digits, "_" or "-".`,
    );
  }
  const rootTag = { repo: 'raworc/session_root', tag: `_${sessionId}` };
  return {
    sessionId,
    container: `raworc_session_${sessionId}`,
    volume: `raworc_session_data_${sessionId}`,
    snapshots: `raworc_session_snapshots_${sessionId}`,
    rootImage: `${rootTag.repo}:${rootTag.tag}`,
    rootTag,
  };
}
