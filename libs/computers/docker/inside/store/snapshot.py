"""
Takes snapshots. The first look comes while the computer works; if it finds changes, the computer is paused, a second
look finds what has changed since the first one began, and the computer goes on before the manifest is written.
"""

import fcntl
import os
import time

import limits
from capture import Pass
from entries import to_line
from find import Find
from lines import LineCount
from manifests import Manifests
from names import text
from objects import Objects
from tree import Tree

# A tree of more entries is read again from its manifest each time.
KEPT_ENTRIES = 200_000
# Looks at a working computer go on while they take long, so that little is left for the pause.
LONG_SECONDS, MOST_LOOKS = 0.25, 4
# Reasons for which a path is looked at again though it has not changed.
PASSING = ('changed_while_read', 'unreadable', 'budget')
TRIES = 3
CLOCK_STEP_NS = 20_000_000


class Snapshots:
    def __init__(self, root, store):
        self.root, self.store = root, store
        for name in ('objects', 'manifests'):
            os.makedirs(os.path.join(store, name), 0o700, exist_ok=True)
        self.objects = Objects(os.path.join(store, 'objects'))
        self.manifests = Manifests(os.path.join(store, 'manifests'))
        self.find = Find(os.path.join(store, '.reference'))
        self.tree, self.latest = None, None
        self.lock = None

    def begin(self, ask):
        """Looks at the working computer. Says whether it has to be paused for the rest."""
        self._take_lock()
        try:
            self._remember()
            self.started_ns = time.time_ns()
            self.deadline = limits.Deadline(ask['seconds'])
            self.paused_seconds, self.room = ask['paused_seconds'], ask['room']
            self.unfinished = set()
            looked = self._looks()
            if ask['running'] and looked.changes:
                return {'pause': True}
            return {'pause': False}
        except BaseException:
            self.forget()
            raise

    def look_paused(self, _ask):
        try:
            self._look(limits.Deadline(self.paused_seconds))
            return {}
        except BaseException:
            self.forget()
            raise

    def commit(self, ask):
        """The computer works again."""
        try:
            self._finish_late()
            return self._write(ask['snapshot'], ask.get('unrecorded', False))
        except BaseException:
            self.forget()
            raise
        finally:
            self.release()

    def exclusively(self, work):
        self._take_lock()
        try:
            return work()
        finally:
            self.release()

    def forget(self):
        """What is in memory may be half of a look."""
        self.tree, self.latest = None, None
        self.release()

    def release(self):
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def _take_lock(self):
        """Until the end of the snapshot: another service may take one as well."""
        self.release()
        self.lock = os.open(self.store, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def _remember(self):
        """The tree of the last snapshot, from memory when nobody else has taken one since."""
        known = self.manifests.all()
        latest = known[-1] if known else None
        if self.tree is not None and self.latest == latest:
            return
        self.tree = self.manifests.tree(latest) if latest else Tree()
        self.latest, self.trusted_ns, self.is_whole = latest, 0, False
        if latest:
            self.trusted_ns = int(self.manifests.header(latest)['started_ns']) - limits.YOUNG_NS

    def _looks(self):
        """The last of some looks, each at what has changed since the one before."""
        changes = 0
        for _ in range(MOST_LOOKS):
            started = time.monotonic()
            looked = self._look(self.deadline)
            changes += looked.changes
            if not looked.changes or time.monotonic() - started < LONG_SECONDS:
                break
        looked.changes = changes
        return looked

    def _look(self, copying):
        before_ns, clock_ns = time.time_ns(), _clock_ns()
        looked = Pass(self.tree, self.objects, self.root, self.trusted_ns, self.deadline, self.room, copying)
        try:
            paths = self._changed_paths(clock_ns)
            if paths is None:
                looked.everything()
            else:
                looked.only(paths)
        finally:
            looked.close()
        self.is_whole, self.clock_ns = looked.over_budget_total == 0, clock_ns
        self.trusted_ns = before_ns - limits.YOUNG_NS
        self.unfinished.update(looked.unfinished)
        self.over_budget, self.over_budget_total = looked.over_budget, looked.over_budget_total
        return looked

    def _changed_paths(self, clock_ns):
        """None when everything has to be looked at: nothing is known yet, or the clock was set."""
        if not self.is_whole or abs(clock_ns - self.clock_ns) > CLOCK_STEP_NS:
            return None
        paths = self.find.changed_since(self.root, self.trusted_ns, self.deadline)
        if paths is not None:
            paths += [path for path, why in self.tree.skipped.items() if why in PASSING]
        return paths

    def _finish_late(self):
        """Files that were too much for the pause. One that keeps changing is named instead of kept."""
        for path in self.unfinished:
            why = self._read_late(path)
            if why:
                self.tree.skip(path, why)

    def _read_late(self, path):
        """Why the file is not kept, if so."""
        for _ in range(TRIES):
            late = Pass(self.tree, self.objects, self.root, 0, self.deadline, self.room)
            try:
                late.only([path])
                entry = self.tree.entries.get(path)
                if late.unfinished:
                    return 'budget'
                if entry is None or late.is_still(path, entry):
                    return None
            finally:
                late.close()
        return 'changed_while_read'

    def _write(self, snapshot, unrecorded):
        tree = self.tree
        without_room = tree.join_groups(self.room)
        if without_room and not self.over_budget_total:
            self.over_budget, self.over_budget_total, self.is_whole = without_room[:1], 1, False
        changed, lines = self._count()
        header = {
            'version': 2, 'snapshot_id': snapshot, **self._place_in_chain(snapshot, unrecorded),
            'started_ns': str(self.started_ns), 'taken_ns': str(time.time_ns()), 'digest': tree.digest(),
            **tree.size(), 'changed': changed, 'lines': lines, **self._skipped(),
        }
        stored = self.objects.settle()
        whole = header['parent'] is None
        found = ((path, tree.entries[path]) for path in tree.order()) if whole else tree.differences()
        stored += self.manifests.write(header, (to_line(path, entry) for path, entry in found))
        if not unrecorded:
            tree.before.clear()
            self.latest = snapshot
        if len(tree.entries) > KEPT_ENTRIES:
            self.tree = None
        return {**{name: header[name] for name in
                   ('digest', 'files', 'bytes', 'changed', 'lines', 'skipped', 'skipped_total')}, 'stored': stored}

    def _place_in_chain(self, snapshot, unrecorded):
        whole = {'parent': None, 'base': snapshot, 'depth': 0, 'depth_bytes': 0}
        if self.latest is None:
            return whole
        last = self.manifests.header(self.latest)
        size = self.manifests.size(self.latest)
        depth_bytes = last['depth_bytes'] + (size if last['parent'] is not None else 0)
        base = self.manifests.size(last['base'])
        if not unrecorded and (last['depth'] + 1 >= limits.CHAIN or depth_bytes > base):
            return whole
        return {'parent': self.latest, 'base': last['base'], 'depth': last['depth'] + 1, 'depth_bytes': depth_bytes}

    def _count(self):
        changed, lines = {'added': 0, 'modified': 0, 'removed': 0}, LineCount(self.objects)
        for path, new in self.tree.differences():
            old = self.tree.before[path]
            old, new = _leaf(old), _leaf(new)
            if old is None and new is None or old and new and old.digest_line(path) == new.digest_line(path):
                continue
            changed['added' if old is None else 'removed' if new is None else 'modified'] += 1
            lines.compare(old, new)
        return changed, {'added': lines.added, 'removed': lines.removed}

    def _skipped(self):
        named = [{'path': text(path), 'why': why} for path, why in sorted(self.tree.skipped.items())]
        named += [{'path': text(path), 'why': 'budget'} for path in self.over_budget]
        total = len(self.tree.skipped) + self.over_budget_total
        return {'skipped': named[:limits.SKIPPED_NAMED], 'skipped_total': total}


def _leaf(entry):
    return entry if entry is not None and entry.children is None else None


def _clock_ns():
    """Changes when somebody sets the clock."""
    return time.time_ns() - time.monotonic_ns()
