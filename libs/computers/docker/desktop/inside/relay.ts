/**
 * Runs the command of its arguments with one socket as its input and output, which is what a server for inetd wants,
 * and carries bytes between that and its own streams. Each end ends the other.
 */
export const RELAY = String.raw`
import os, select, socket, subprocess, sys

ours, theirs = socket.socketpair()
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()

def pump():
    while True:
        ready, _, _ = select.select([0, ours], [], [])
        if ours in ready:
            data = ours.recv(1 << 16)
            if not data:
                return
            view = memoryview(data)
            while view:
                view = view[os.write(1, view):]
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return
            ours.sendall(data)

try:
    pump()
except OSError:
    pass
finally:
    ours.close()
    child.terminate()
    try:
        child.wait(1)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
`;
