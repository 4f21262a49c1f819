"""Asks `find` which entries have changed since a moment: it looks at a tree twice as fast as Python does."""

import os
import subprocess

import limits

# More changes than these are found by a walk.
MANY_BYTES = 64 << 20
PIECE = 1 << 16


class Find:
    def __init__(self, reference):
        self.reference = reference
        self._works = None

    def changed_since(self, root, moment_ns, deadline):
        """Paths below the root, in no order; None when `find` cannot tell."""
        with open(self.reference, 'wb'):
            pass
        os.utime(self.reference, ns=(moment_ns, moment_ns))
        if not self.works():
            return None
        argv = [*self._argv(root, limits.PATH_BYTES // 2), '-printf', '%P\\0']
        with _started(argv) as process:
            output, said = self._read(process, deadline)
        return output.split(b'\0')[:-1] if output is not None and _only_gone(process.returncode, said) else None

    def works(self):
        if self._works is None:
            try:
                with _started(self._argv(self.reference, 0)) as process:
                    self._works = process.wait() == 0
            except OSError:
                self._works = False
        return self._works

    def _argv(self, root, depth):
        return ['find', root, '-maxdepth', str(depth), '-newercm', self.reference]

    def _read(self, process, deadline):
        output = bytearray()
        while piece := process.stdout.read(PIECE):
            output += piece
            if len(output) > MANY_BYTES or deadline.is_over():
                process.kill()
                return None, b''
        return bytes(output), process.stderr.read(PIECE)


def _started(argv):
    return subprocess.Popen(
        argv, env={'LC_ALL': 'C', 'PATH': '/usr/local/bin:/usr/bin:/bin'}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )


def _only_gone(code, said):
    """What was removed while it looked is no failure."""
    return code == 0 or all(line.endswith(b'No such file or directory') for line in said.splitlines())
