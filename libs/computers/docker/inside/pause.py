"""
Halts all processes of a computer for a moment, and lets them go on. Runs as root in the session's container: the engine
itself can deadlock when it freezes a container in which it is just starting a process, and what is started meanwhile
would fail. A request is a line of JSON. Processes go on as well when the input ends or nobody asks for that in time.
"""

import json
import os
import select
import signal
import sys
import time

SECONDS_TO_STOP = 0.5
STANDING = b'TtZXxI'


def processes():
    own = (1, os.getpid())
    return [int(name) for name in os.listdir('/proc') if name.isdigit() and int(name) not in own]


def stands(pid):
    try:
        for thread in os.listdir('/proc/%d/task' % pid):
            with open('/proc/%d/task/%s/stat' % (pid, thread), 'rb') as file:
                line = file.read()
            if line[line.rindex(b')') + 2] not in STANDING:
                return False
    except OSError:
        # It has ended.
        pass
    return True


def stop():
    """Gives those that have to go on later: what the session had halted itself stays so."""
    before = {pid for pid in processes() if stands(pid)}
    try:
        # One call for all, so that none can have a child that is missed.
        os.kill(-1, signal.SIGSTOP)
    except ProcessLookupError:
        return []
    deadline = time.monotonic() + SECONDS_TO_STOP
    halted = [pid for pid in processes() if pid not in before]
    moving = halted
    while moving and time.monotonic() < deadline:
        moving = [pid for pid in moving if not stands(pid)]
        if moving:
            time.sleep(0.001)
    return halted


def go_on(halted):
    """Children first: a parent that waits for a child never sees it halted."""
    for pid in sorted(halted, reverse=True):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def answer(ask, **header):
    sys.stdout.buffer.write(json.dumps({'id': ask['id'], 'bytes': 0, **header}).encode() + b'\n')
    sys.stdout.buffer.flush()


def main():
    source, halted, deadline = os.fdopen(0, 'rb', buffering=0), [], None
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        if not select.select([source], [], [], left)[0]:
            go_on(halted)
            halted, deadline = [], None
            continue
        line = source.readline()
        if not line:
            break
        ask = json.loads(line)
        if ask.get('verb') == 'pause':
            halted, deadline = stop(), time.monotonic() + ask['seconds']
            answer(ask, halted=len(halted))
        elif ask.get('verb') == 'resume':
            in_time = deadline is not None
            go_on(halted)
            halted, deadline = [], None
            answer(ask, in_time=in_time)
    go_on(halted)


main()
