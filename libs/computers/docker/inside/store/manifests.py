"""Manifests: a header and one entry a line. One with a parent holds only what is different from that."""

import json
import os

import entries
import names
from tree import Tree

SUFFIX = '.jsonl'
# Taken for a copy, and deleted after it. Never a parent.
UNRECORDED = 'copy-'
PIECE = 1 << 16


class Missing(Exception):
    """There is no such snapshot."""


class Manifests:
    def __init__(self, folder):
        self.folder = folder

    def path(self, snapshot):
        return os.path.join(self.folder, snapshot + SUFFIX)

    def has(self, snapshot):
        return os.path.exists(self.path(snapshot))

    def all(self):
        """Ids of snapshots, the oldest first."""
        found = (name[:-len(SUFFIX)] for name in os.listdir(self.folder) if name.endswith(SUFFIX))
        return sorted(name for name in found if not name.startswith((UNRECORDED, '.')))

    def header(self, snapshot):
        try:
            with open(self.path(snapshot), 'rb') as file:
                return json.loads(file.readline())
        except FileNotFoundError:
            raise Missing(snapshot) from None

    def chain(self, snapshot):
        """Headers from the whole manifest to this snapshot's."""
        headers = [self.header(snapshot)]
        while headers[-1]['parent'] is not None:
            headers.append(self.header(headers[-1]['parent']))
        return headers[::-1]

    def values(self, snapshot):
        with open(self.path(snapshot), 'rb') as file:
            file.readline()
            for line in file:
                yield json.loads(line)

    def all_values(self, snapshot):
        """The entries of a snapshot, sorted by path."""
        found = {}
        for header in self.chain(snapshot):
            for value in self.values(header['snapshot_id']):
                path = names.raw(value['path'])
                if value.get('gone'):
                    found.pop(path, None)
                else:
                    found[path] = value
        return [found[path] for path in sorted(found)]

    def tree(self, snapshot):
        tree = Tree()
        for value in self.all_values(snapshot):
            tree.load(names.raw(value['path']), entries.from_value(value))
        return tree

    def find(self, snapshot, path):
        """The entry of one path, without reading what is before and after it in a whole manifest."""
        for header in reversed(self.chain(snapshot)):
            value = self._bisect(header['snapshot_id'], path)
            if value is not None:
                return None if value.get('gone') else value
        return None

    def write(self, header, lines):
        """Gives the size of the manifest, which is safe from a crash of the machine."""
        place = self.path(header['snapshot_id'])
        partial = os.path.join(self.folder, '.partial')
        with open(partial, 'wb', opener=_private) as file:
            file.write(json.dumps(header, separators=(',', ':')).encode() + b'\n')
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        os.rename(partial, place)
        return size

    def remove(self, snapshot):
        size = os.stat(self.path(snapshot)).st_size
        os.unlink(self.path(snapshot))
        return size

    def size(self, snapshot):
        return os.stat(self.path(snapshot)).st_size

    def _bisect(self, snapshot, path):
        with open(self.path(snapshot), 'rb') as file:
            file.readline()
            low, high = file.tell(), os.fstat(file.fileno()).st_size
            while low < high:
                middle = (low + high) // 2
                start = _line_at(file, low, middle)
                file.seek(start)
                line = file.readline()
                value = json.loads(line)
                found = names.raw(value['path'])
                if found == path:
                    return value
                if found < path:
                    low = start + len(line)
                else:
                    high = start
        return None


def _line_at(file, low, middle):
    """Where the line begins that a position is in."""
    end = middle
    while end > low:
        start = max(low, end - PIECE)
        file.seek(start)
        newline = file.read(end - start).rfind(b'\n')
        if newline >= 0:
            return start + newline + 1
        end = start
    return low


def _private(path, flags):
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
