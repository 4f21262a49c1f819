import { setTimeout } from 'node:timers/promises';
import { ComputerError, type ComputerInfo, type ComputerSpec, type Computers } from '#computers';
import { MODEL_KEY_SECRET, type Vault } from '#commands';
import type { SessionCreated } from '#domain';
import { ComputerFailure, NoLongerWanted } from './computer-failure.js';
import { type CopiesInProgress, copySource } from './copy-source.js';
import { requireNoCrashLoop } from './crash-loop.js';
import type { CurrentSession, CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import type { SessionFacts } from './session-facts.js';
import { runSetup } from './setup-script.js';

/** Written when copy and setup are done; only ever asked for before a session's first start. */
const MADE_MARKER = 'logs/.made';

/** What the removal of a container takes. */
const REMOVAL_MS = 500;

export interface StartedComputer {
  info: ComputerInfo;
  /** What it was made from this time. */
  origin: 'created' | 'remixed' | 'restarted';
  /** It ran and did not answer, so all that ran in it was ended. */
  revived: boolean;
}

export interface MakerParts {
  computers: Computers;
  sessions: CurrentSessions;
  vault: Vault;
  node: string;
  copies: CopiesInProgress;
  desktopAtStart?: boolean;
}

interface Making {
  session: CurrentSession;
  created: SessionCreated;
  env: Record<string, string>;
  signal: AbortSignal;
}

/** Makes computers and starts them. Every verb may be interrupted by a crash and called again. */
export class ComputerMaker {
  private readonly computers: Computers;

  constructor(private readonly parts: MakerParts) {
    this.computers = parts.computers;
  }

  /**
   * Makes sure that a session's computer exists and runs.
   * @throws ComputerFailure, ComputerError, DeadlineError
   * @throws NoLongerWanted when the signal aborts
   */
  async ensureRunning(
    session: CurrentSession,
    computer: ComputerInfo | undefined,
    signal: AbortSignal,
  ): Promise<StartedComputer> {
    const facts = await this.parts.sessions.facts(session.id);
    const { created } = facts;
    if (created === undefined) throw new Error(`The log lacks session.created of session ${session.id}.`);
    const making = { session, created, env: await this.environment(session.id, created), signal };
    const origin = session.state.firstStart ? (created.source ? 'remixed' : 'created') : 'restarted';
    if (!session.state.computerRunning) requireNoCrashLoop(facts.ownStops, Date.now());
    const started = await this.startOrMake(making, computer, facts);
    if (!session.state.computerRunning) await this.proveDesktop(making);
    return { ...started, origin };
  }

  private async startOrMake(
    making: Making,
    computer: ComputerInfo | undefined,
    facts: SessionFacts,
  ): Promise<Omit<StartedComputer, 'origin'>> {
    if (computer !== undefined && (await this.isMade(making))) return this.start(making, computer);
    if (!making.session.state.firstStart) requireNothingLost(making.session, facts);
    return { info: await this.make(making, computer), revived: false };
  }

  /** A picture of the screen starts the desktop, and shows that it works. */
  private async proveDesktop({ session: { id, state }, signal }: Making): Promise<void> {
    if (!state.desktop || this.parts.desktopAtStart !== true) return;
    requireWanted(signal);
    const picture = this.computers.screenshot(id, { signal });
    try {
      await within(DEADLINES.desktop, 'Starting the desktop', picture);
    } catch (error) {
      requireWanted(signal);
      throw error;
    }
  }

  /** The session's secrets as variables, except the model's key: that one is Host's alone. */
  private async environment(id: string, { secrets }: SessionCreated): Promise<Record<string, string>> {
    if (Object.keys(secrets).length === 0) return {};
    const opened = Object.entries(await this.parts.vault.open(id, secrets));
    return Object.fromEntries(opened.filter(([name]) => name !== MODEL_KEY_SECRET));
  }

  /** Once a start is on the log it is the log that knows; nothing in the computer can take that back. */
  private async isMade({ session, created }: Making): Promise<boolean> {
    if (!session.state.firstStart || !hasSteps(created)) return true;
    try {
      const marker = await this.computers.readFile(session.id, MADE_MARKER, { maxBytes: 1024 });
      return new TextDecoder().decode(marker) === session.id;
    } catch (error) {
      if (error instanceof ComputerError && error.code === 'file_not_found') return false;
      throw error;
    }
  }

  /** From nothing: whatever a try before left half-done goes first. */
  private async make(making: Making, leftOver: ComputerInfo | undefined): Promise<ComputerInfo> {
    const { session, created, env, signal } = making;
    const { id } = session;
    if (leftOver !== undefined) {
      await within(DEADLINES.destroy, 'Removing a half-made computer', this.computers.destroy(id));
    }
    await within(DEADLINES.create, 'Creating the computer', this.computers.create(specOf(making)));
    if (created.source !== null) await copySource(this.parts, id, created.source);
    const info = await this.startOnce(making);
    if (created.setup !== null) {
      await runSetup(this.computers, id, { script: created.setup, secrets: env, signal });
    }
    if (hasSteps(created)) {
      await within(DEADLINES.file, 'Marking the computer', this.computers.writeFile(id, MADE_MARKER, id));
    }
    return info;
  }

  /** What claims to run is asked to prove it; what does not answer is started anew. */
  private async start(making: Making, computer: ComputerInfo) {
    const { id } = making.session;
    const info = await this.startSurely(making);
    if (!computer.running || (await this.answers(id))) return { info, revived: false };
    await within(DEADLINES.stop, 'Stopping the computer', this.computers.stop(id));
    return { info: await this.startSurely(making), revived: true };
  }

  /** Somebody who removes a container is not done at once; until then it can neither be started nor made again. */
  private async startSurely(making: Making): Promise<ComputerInfo> {
    try {
      return await this.startOnce(making);
    } catch {
      await setTimeout(REMOVAL_MS);
      return this.startOnce(making);
    }
  }

  private async startOnce({ session: { id }, env, signal }: Making): Promise<ComputerInfo> {
    requireWanted(signal);
    const info = await within(DEADLINES.start, 'Starting the computer', this.computers.start(id, { env }));
    if (info.running) return info;
    throw new ComputerFailure('The computer stopped as soon as it was started.', false);
  }

  private async answers(id: string): Promise<boolean> {
    const options = { timeoutMs: DEADLINES.probe, maxOutputBytes: 1024 };
    const probe = within(
      2 * DEADLINES.probe,
      'Asking the computer',
      this.computers.exec(id, ['true'], options),
    );
    return (await probe.catch(() => undefined))?.exitCode === 0;
  }
}

/** An empty computer is made when it exists; others take more steps than one. */
function hasSteps({ setup, source }: SessionCreated): boolean {
  return setup !== null || source !== null;
}

/** A computer that held files is never silently replaced by an empty one. */
function requireNothingLost({ state, id }: CurrentSession, { ranTool }: SessionFacts): void {
  if (!state.hasOrigin && !ranTool) return;
  throw new ComputerFailure(
    `The computer of session ${id} is gone, and its files with it. The conversation is still there: remix the session with "data" and "code" set to false to go on with an empty computer.`,
    true,
  );
}

function requireWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new NoLongerWanted('The computer is not wanted any more.');
}

function specOf({ session, created, env }: Making): ComputerSpec {
  const { image, limits, network, root, runtime } = created;
  return {
    sessionId: session.id,
    image: image ?? undefined,
    env,
    limits: { memoryMb: limits.memory_mb, cpus: limits.cpus, pids: limits.pids },
    network,
    root,
    runtime,
  };
}
