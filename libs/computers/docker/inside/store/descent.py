"""Directories are opened one below the other, so that no link which takes the place of one is followed."""

import os

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Descent:
    """Keeps the directories open that lead to the current one: going to a neighbour opens one directory."""

    def __init__(self, root):
        self.path = b''
        # Lengths of the paths of the directories above.
        self.above = []
        self.handles = [os.open(root, FLAGS)]

    def to(self, folder):
        """The handle of a directory, valid until the next call. Fails with an OSError for what is not one."""
        while self.above and folder != self.path and not folder.startswith(self.path + b'/'):
            self._up()
        below = folder[len(self.path):].lstrip(b'/')
        for name in below.split(b'/') if below else ():
            handle = os.open(name, FLAGS, dir_fd=self.handles[-1])
            self.handles.append(handle)
            self.above.append(len(self.path))
            self.path = self.path + b'/' + name if self.path else name
        return self.handles[-1]

    def close(self):
        while self.handles:
            os.close(self.handles.pop())
        self.above.clear()

    def _up(self):
        self.path = self.path[:self.above.pop()]
        os.close(self.handles.pop())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
