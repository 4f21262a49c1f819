"""The tree of a session as it was last looked at, and what has changed in it since the last manifest."""

import copy
import hashlib

import names

LINES_AT_ONCE = 4096


class Tree:
    def __init__(self):
        self.entries = {}
        self.top = set()
        # What is there and cannot be kept, with the reason.
        self.skipped = {}
        # Changed paths with their entries in the last manifest; None for those that it does not have.
        self.before = {}
        self.by_inode = {}
        # Paths by inode, of what has several names.
        self.groups = {}
        # Of all entries and of what is skipped, as `written_length` counts them.
        self.written_bytes = 0
        self._order = None

    def children(self, folder):
        if not folder:
            return self.top
        entry = self.entries.get(folder)
        return entry.children if entry and entry.children is not None else set()

    def is_directory(self, path):
        return not path or (entry := self.entries.get(path)) is not None and entry.children is not None

    def put(self, path, entry):
        """True when this is a change."""
        old = self.entries.get(path)
        if old is not None and old.children is not None:
            if entry.children is not None:
                entry.children = old.children
            else:
                self._remove_below(old, path)
        same = old is not None and _same(old, entry, path)
        if not same:
            self.before.setdefault(path, old)
        if old is None:
            self._order = None
        else:
            self.written_bytes -= old.written_length(path)
        self.written_bytes += entry.written_length(path)
        self._unskip(path)
        self.children(names.parent(path)).add(names.last(path))
        self._forget_inode(old, path)
        self.entries[path] = entry
        self._remember_inode(entry, path)
        return not same

    def skip(self, path, why):
        self.remove(path)
        self.skipped[path] = why
        self.written_bytes += names.written_length(path)
        self.children(names.parent(path)).add(names.last(path))

    def remove(self, path):
        """True when there was something."""
        self.children(names.parent(path)).discard(names.last(path))
        was_skipped = self._unskip(path)
        old = self.entries.get(path)
        if old is None:
            return was_skipped
        if old.children is not None:
            self._remove_below(old, path)
        self._drop(path)
        return True

    def load(self, path, entry):
        """From a manifest: no change, and parents come first."""
        self.put(path, entry)
        self.before.pop(path, None)

    def set_linked(self, path, entry, linked):
        if entry.linked != linked:
            self._forget_inode(entry, path)
            entry.linked = linked
            self._remember_inode(entry, path)

    def has_room(self, path, entry, room):
        """For a new entry, or for another one in the place of a known one; None is one that is skipped."""
        old = self.entries.get(path)
        known = 1 if old or path in self.skipped else 0
        length = old.written_length(path) if old else known * names.written_length(path)
        written = self.written_bytes - length + (entry.written_length(path) if entry else names.written_length(path))
        entries = len(self.entries) + len(self.skipped) + 1 - known
        return entries <= room['entries'] and written <= room['written_bytes']

    def join_groups(self, room):
        """Names the first member of each hard-link group in the others. Gives those for which that was too much."""
        left_out = []
        for path, entry in list(self.entries.items()):
            if entry.link is not None and not entry.linked:
                self._link(path, entry, None, room)
        for paths in self.groups.values():
            first = min(paths)
            for path in sorted(paths):
                if not self._link(path, self.entries[path], None if path == first else names.text(first), room):
                    left_out.append(path)
        for path in left_out:
            self.remove(path)
        return left_out

    def order(self):
        if self._order is None:
            self._order = sorted(self.entries)
        return self._order

    def digest(self):
        digest, order = hashlib.sha256(), self.order()
        for start in range(0, len(order), LINES_AT_ONCE):
            paths = order[start:start + LINES_AT_ONCE]
            digest.update(b''.join([self.entries[path].line or self.entries[path].digest_line(path) for path in paths]))
        return digest.hexdigest()

    def differences(self):
        """Sorted pairs of path and entry, None for one that is gone."""
        for path in sorted(self.before):
            old, new = self.before[path], self.entries.get(path)
            if old is not None or new is not None:
                yield path, new

    def size(self):
        files = [entry for entry in self.entries.values() if entry.type == 'file']
        return {'files': len(files), 'bytes': sum(entry.size for entry in files if entry.link is None)}

    def _link(self, path, entry, link, room):
        if entry.link == link:
            return True
        changed = copy.copy(entry)
        changed.link, changed.line = link, None
        if link is not None and not self.has_room(path, changed, room):
            return False
        self.put(path, changed)
        return True

    def _unskip(self, path):
        if self.skipped.pop(path, None) is None:
            return False
        self.written_bytes -= names.written_length(path)
        return True

    def _remove_below(self, folder, path):
        pending = [(folder, path)]
        while pending:
            folder, path = pending.pop()
            for name in folder.children:
                below = names.join(path, name)
                self._unskip(below)
                entry = self.entries.get(below)
                if entry is None:
                    continue
                if entry.children is not None:
                    pending.append((entry, below))
                self._drop(below)
            folder.children = set()

    def _drop(self, path):
        old = self.entries.pop(path)
        self.before.setdefault(path, old)
        self.written_bytes -= old.written_length(path)
        self._order = None
        self._forget_inode(old, path)

    def _remember_inode(self, entry, path):
        if entry.type == 'file':
            self.by_inode[entry.ino] = entry
        if entry.linked:
            self.groups.setdefault(entry.ino, set()).add(path)

    def _forget_inode(self, entry, path):
        if entry is None:
            return
        if self.by_inode.get(entry.ino) is entry:
            del self.by_inode[entry.ino]
        group = self.groups.get(entry.ino)
        if group is not None:
            group.discard(path)
            if not group:
                del self.groups[entry.ino]


def _same(old, new, path):
    return (
        old.ctime_ns == new.ctime_ns
        and old.ino == new.ino
        and old.mtime_ns == new.mtime_ns
        and old.size == new.size
        and (old.uid, old.gid) == (new.uid, new.gid)
        and old.digest_line(path) == new.digest_line(path)
    )
