/**
 * The keeper is what a container runs while nothing else does. It puts Host's log on the container's own output, and
 * when it ends, its exit code tells who asked and whether the root filesystem has changed since it was last kept.
 */
export const KEEPER_NAME = 'raworc-keeper';

/** Asks the keeper to end; others end containers with SIGTERM: people by hand, the engine when it shuts down. */
export const END_SIGNAL = 'SIGUSR1';

/** Exit codes of the keeper. */
export const ENDING = {
  /** Asked by us. */
  unchanged: 0,
  changed: 10,
  /** Asked by somebody else. */
  toldUnchanged: 20,
  toldChanged: 30,
} as const;

const FOLDER = '/run/raworc';
/** Its time is when the root filesystem was last kept, or the container made. */
const KEPT = `${FOLDER}/kept`;
/** There when root has worked in the container since then. */
const TOUCHED = `${FOLDER}/touched`;

/** For bash: says that something begins that may change the root filesystem. Nobody but root can. */
export const TOUCH_IF_ROOT = `[[ $EUID -ne 0 ]] || : >${TOUCHED}`;

/** What is no part of the root filesystem, or gone with the container by right. */
const PRUNED = [
  ...['/session', '/dev', '/proc', '/sys', '/run', '/tmp', '/var/tmp'],
  ...['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'],
]
  .map((path) => `-path ${path}`)
  .join(' -o ');

/** For sh: succeeds when the root filesystem has changed, or nobody can say. Takes 0.1 s, none where root was not at work. */
export const HAS_CHANGED =
  `[ -e ${TOUCHED} ] && ` +
  `{ ! [ -e ${KEPT} ] || [ -n "$(find / -xdev \\( ${PRUNED} \\) -prune -o -newercm ${KEPT} -print -quit 2>&1)" ]; }`;

/**
 * All others are asked first and get half a second; what was halted goes on, or its end would be waited for in vain.
 * The log is told from the lines that come after the start; its name is a link that turns to a new file with each
 * turn, and only a polling tail follows it there.
 */
export const KEEPER = [
  `mkdir -p ${FOLDER}; [ ${KEPT} -nt /.dockerenv ] || touch ${KEPT}`,
  // That there is nobody else is no news for the log.
  'tell() { kill -$1 -1 2>/dev/null; }',
  'end() {',
  `  trap '' TERM ${signalName(END_SIGNAL)}; tell TERM; tell HUP; tell CONT; wait; n=0`,
  '  while set -- /proc/[0-9]*; [ $# -gt 2 ] && [ $n -lt 10 ]; do sleep 0.05; n=$((n + 1)); done',
  '  tell KILL',
  `  if ${HAS_CHANGED}; then code=$code_if_changed; fi`,
  `  touch ${KEPT}; rm -f ${TOUCHED}; exit $code`,
  '}',
  `trap 'code=${ENDING.unchanged} code_if_changed=${ENDING.changed}; end' ${signalName(END_SIGNAL)}`,
  `trap 'code=${ENDING.toldUnchanged} code_if_changed=${ENDING.toldChanged}; end' TERM`,
  'log() { exec setpriv --reuid 1000 --regid 1000 --clear-groups tail ---disable-inotify -q -n 0 -F "/session/logs/host_*.log" 2>/dev/null; }',
  'while :; do log & wait $!; sleep 1 & wait $!; done',
].join('\n');

function signalName(signal: string): string {
  return signal.slice('SIG'.length);
}
