"""Counts the lines by which text files have changed."""

from collections import Counter

import limits

# Contents that are read for one snapshot.
BYTES_IN_ALL = 64 << 20


class LineCount:
    def __init__(self, objects):
        self.objects = objects
        self.added = self.removed = self.read = 0

    def compare(self, old, new):
        """Entries of one path, None where there is none. Other than text counts for nothing."""
        if self.read > BYTES_IN_ALL or (old and new and old.sha256 == new.sha256):
            return
        before, after = self._lines(old), self._lines(new)
        if before is None or after is None:
            return
        self.added += sum((after - before).values())
        self.removed += sum((before - after).values())

    def _lines(self, entry):
        if entry is None or entry.type != 'file':
            return Counter()
        if entry.size > limits.LINE_BYTES:
            return None
        try:
            with open(self.objects.path(entry.sha256), 'rb') as file:
                content = file.read()
        except FileNotFoundError:
            return None
        self.read += len(content)
        if b'\0' in content:
            return None
        try:
            content.decode()
        except UnicodeDecodeError:
            return None
        lines = content.split(b'\n')
        return Counter(lines if lines[-1] else lines[:-1])
