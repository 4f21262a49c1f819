/** What the program below is told, as JSON in its argument. */
export interface ProcessesRequest {
  /** The value of RAWORC_RUN in the environment of what belongs to one shell or command. */
  run: string;
  /** Of a shell: ends its running command only, not the shell and not the jobs that were there before. */
  command?: {
    bash: number;
    /** Children of the shell before the command began. */
    jobs: number[];
    /** Clock ticks after boot when it began. */
    start: number;
    /** Makes the shell give up what it does itself. */
    signal: number;
  };
}

/**
 * Ends processes of one run: those marked by their environment, those of their POSIX sessions, and all below them.
 * They are asked first and killed after half a second. Runs in the container, as the user whose processes they are.
 */
export const END_PROCESSES = String.raw`
import json, os, signal, sys, time

ask = json.loads(sys.argv[1])
MARK = b'RAWORC_RUN=' + ask['run'].encode()
GRACE = 0.5

def table():
    found = {}
    for name in os.listdir('/proc'):
        try:
            with open('/proc/' + str(int(name)) + '/stat', 'rb') as file:
                line = file.read()
        except (OSError, ValueError):
            continue
        fields = line[line.rindex(b')') + 2:].split()
        if fields[0] not in (b'Z', b'X'):
            found[int(name)] = {'parent': int(fields[1]), 'session': int(fields[3]), 'start': int(fields[19])}
    return found

def marked(pid):
    try:
        with open('/proc/%d/environ' % pid, 'rb') as file:
            return MARK in file.read().split(b'\0')
    except OSError:
        return False

def below(processes, roots):
    found = set(roots)
    size = -1
    while size != len(found):
        size = len(found)
        found.update(pid for pid, entry in processes.items() if entry['parent'] in found)
    return found

def members(processes):
    own = {pid for pid in processes if marked(pid)}
    sessions = {processes[pid]['session'] for pid in own} - {0}
    return below(processes, own | {pid for pid, entry in processes.items() if entry['session'] in sessions})

def targets():
    processes = table()
    found = members(processes)
    command = ask.get('command')
    if command:
        bash = command['bash']
        children = {
            pid for pid, entry in processes.items() if entry['parent'] == bash and pid not in command['jobs']
        }
        frame = {bash, processes.get(bash, {}).get('parent')}
        tree = below(processes, {bash})
        loose = {
            pid for pid in found - tree - frame if processes[pid]['start'] >= command['start']
        }
        found = below(processes, children | loose) - frame
    return found - {os.getpid(), 1}

def send(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass

begun = time.monotonic()
asked = set()
while True:
    if 'command' in ask:
        send(ask['command']['bash'], ask['command']['signal'])
    alive = targets()
    elapsed = time.monotonic() - begun
    if not alive or elapsed > 2 * GRACE:
        break
    for pid in alive:
        if elapsed >= GRACE:
            send(pid, signal.SIGKILL)
        elif pid not in asked:
            send(pid, signal.SIGTERM)
            send(pid, signal.SIGHUP)
        asked.add(pid)
    time.sleep(0.02)
print(json.dumps({'left': len(alive)}))
`;
