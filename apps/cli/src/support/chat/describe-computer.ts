/** Why a computer did not start, and what comes next. Reasons may be whole outputs of programs. */
export function describeFailedStart({
  reason,
  attempt,
  gave_up,
}: {
  reason: string;
  attempt: number;
  gave_up: boolean;
}): string {
  const count = attempt === 1 ? '' : ` (attempt ${attempt})`;
  const next = gave_up ? 'The session is closed; /restore tries again.' : 'Trying again …';
  const said = /[.!?…]$|\n/.test(reason) ? reason : `${reason}.`;
  return `the computer did not start${count}: ${said}${said.includes('\n') ? '\n' : ' '}${next}`;
}

/** What happened to a computer while it ran, and whether it lives on. */
export function describeDisruption({ detail, running }: { detail: string; running: boolean }): string {
  return running ? detail : `${detail} Its files are kept, its programs have ended.`;
}

export function describeControl(by: string): string {
  return `${by} uses the desktop; Host waits with it until it is given back`;
}
