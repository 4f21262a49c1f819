"""Brings a tree to what is on the disk: looks at everything, or at what has changed, and keeps new contents."""

import errno
import os
import stat

import attributes
import limits
import names
from descent import Descent
from entries import Entry, kind_of

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
FULL = (errno.ENOSPC, errno.EDQUOT)
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Pass:
    """One look at a tree. What it finds to be as before is trusted when its time is older than `trusted_ns`."""

    def __init__(self, tree, objects, root, trusted_ns, deadline, room, copying=None):
        self.tree, self.objects, self.trusted_ns, self.deadline = tree, objects, trusted_ns, deadline
        self.room, self.is_full = room, False
        self.copying = copying or deadline
        self.descent = Descent(root)
        self.changes = 0
        # What is left out for its number, or because the time is up.
        self.over_budget, self.over_budget_total = [], 0
        # Files that took more time than there was.
        self.unfinished = []
        self.seen, self.scanned = set(), set()

    def everything(self):
        self._walk([b''])
        return self

    def only(self, paths):
        """Looks at these, and below directories that are new."""
        for path in sorted(paths):
            if path not in self.seen and path not in self.scanned and self.tree.is_directory(names.parent(path)):
                self._changed(path)
        return self

    def is_still(self, path, entry):
        try:
            folder = self.descent.to(names.parent(path))
            return entry.is_state_of(os.stat(names.last(path), dir_fd=folder, follow_symlinks=False))
        except OSError:
            return False

    def close(self):
        self.descent.close()

    def _changed(self, path):
        if not path:
            self._below(path, False)
            return
        try:
            folder = self.descent.to(names.parent(path))
        except OSError as error:
            self._not_opened(names.parent(path), error)
            return
        is_new = self._look(folder, names.last(path), path)
        if is_new is not None:
            self._below(path, is_new)

    def _below(self, path, deep):
        subfolders = self._scan(path, deep)
        self._walk(subfolders)

    def _walk(self, pending):
        while pending:
            folder = pending.pop()
            if self.deadline.is_over():
                self._leave_out(folder)
            else:
                pending.extend(self._scan(folder, True))

    def _scan(self, path, deep):
        """Looks at what is in a directory. Gives the directories below that are to be looked into as well."""
        self.scanned.add(path)
        try:
            folder = self.descent.to(path)
        except OSError as error:
            self._not_opened(path, error)
            return []
        found, subfolders = set(), []
        with os.scandir(folder) as listing:
            for item in listing:
                name = os.fsencode(item.name)
                if not path and name.startswith(b'.raworc-filling'):
                    continue
                below = names.join(path, name)
                found.add(name)
                if self.is_full and below not in self.tree.entries:
                    continue
                is_new = self._look(folder, name, below, item)
                if is_new is not None and (deep or is_new):
                    subfolders.append(below)
        for name in self.tree.children(path) - found:
            self.changes += self.tree.remove(names.join(path, name))
        return subfolders

    def _look(self, folder, name, path, item=None):
        """For a directory, whether another one was here before; None for all else."""
        try:
            status = item.stat(follow_symlinks=False) if item else os.stat(name, dir_fd=folder, follow_symlinks=False)
            known = self.tree.entries.get(path)
            if known and known.is_state_of(status) and status.st_ctime_ns < self.trusted_ns:
                if known.children is not None:
                    return False
                self.tree.set_linked(path, known, status.st_nlink > 1)
                return None
            return self._take(folder, name, path, status, known)
        except OSError as error:
            if error.errno in FULL:
                raise
            if error.errno in GONE:
                self.changes += self.tree.remove(path)
            else:
                self._skip(path, 'unreadable')
            return None

    def _take(self, folder, name, path, status, known):
        kind = kind_of(status.st_mode)
        if self.deadline.is_over() and known is None:
            self._leave_out(path)
            return None
        why = _reason_to_skip(kind, status, path)
        if why:
            self._skip(path, why)
            return None
        if kind != 'directory':
            self.seen.add(path)
        if kind == 'file':
            self._file(folder, name, path)
            return None
        entry = Entry(kind, status)
        if kind == 'directory':
            handle = os.open(name, READ | os.O_DIRECTORY, dir_fd=folder)
            try:
                entry.xattrs = attributes.of_handle(handle)
            finally:
                os.close(handle)
        else:
            entry.xattrs = attributes.of_name(folder, name)
        if kind == 'link':
            entry.target = names.text(os.readlink(name, dir_fd=folder))
        if not self._fits(path, entry):
            return None
        self.changes += self.tree.put(path, entry)
        return (known is None or known.ino != entry.ino) if kind == 'directory' else None

    def _file(self, folder, name, path):
        handle = os.open(name, READ, dir_fd=folder)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ENOENT, 'replaced meanwhile')
            entry = Entry('file', status)
            entry.xattrs = attributes.of_handle(handle)
            if not self._fits(path, entry):
                return
            twin = self.tree.by_inode.get(entry.ino)
            if twin and twin.is_state_of(status) and status.st_ctime_ns < self.trusted_ns:
                entry.sha256 = twin.sha256
            else:
                entry.sha256, entry.size = self.objects.keep(handle, status.st_size, self.copying)
            self.changes += self.tree.put(path, entry)
        except limits.TimeIsUp:
            self.unfinished.append(path)
        finally:
            os.close(handle)

    def _fits(self, path, entry):
        """What comes first without room for it stands for all that has none."""
        if self.tree.has_room(path, entry, self.room):
            return True
        self.changes += self.tree.remove(path)
        if not self.is_full:
            self.is_full = True
            self._leave_out(path)
        return False

    def _leave_out(self, path):
        self.over_budget_total += 1
        if len(self.over_budget) < limits.SKIPPED_NAMED:
            self.over_budget.append(path)

    def _not_opened(self, path, error):
        if error.errno in GONE:
            self.changes += self.tree.remove(path)
        else:
            self._skip(path, 'unreadable')

    def _skip(self, path, why):
        if self.tree.skipped.get(path) != why and self._fits(path, None):
            self.changes += 1
            self.tree.skip(path, why)


def _reason_to_skip(kind, status, path):
    if kind is None:
        return 'socket' if stat.S_ISSOCK(status.st_mode) else 'device'
    if len(path) > limits.PATH_BYTES:
        return 'path_too_long'
    if kind == 'file' and status.st_size > limits.FILE_BYTES:
        return 'too_large'
    return None
