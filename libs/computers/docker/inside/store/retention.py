"""Deletes snapshots, and the contents that no snapshot has any more."""

import os
import time

import names
from entries import from_value, to_line


def keep_only(manifests, objects, kept):
    """The caller holds the lock. Gives how many snapshots went, and the bytes that were freed."""
    known = manifests.all()
    gone = [snapshot for snapshot in known if snapshot not in kept]
    if not gone:
        return {'snapshots': 0, 'bytes': 0}
    started_ns = time.time_ns()
    for snapshot in known:
        if snapshot in kept and manifests.header(snapshot)['parent'] in gone:
            _make_whole(manifests, snapshot)
    _renumber(manifests, [snapshot for snapshot in known if snapshot in kept])
    freed = sum(manifests.remove(snapshot) for snapshot in gone)
    return {'snapshots': len(gone), 'bytes': freed + _sweep(manifests, objects, started_ns)}


def _make_whole(manifests, snapshot):
    values = manifests.all_values(snapshot)
    header = {**manifests.header(snapshot), 'parent': None, 'base': snapshot, 'depth': 0, 'depth_bytes': 0}
    manifests.write(header, (to_line(names.raw(value['path']), from_value(value)) for value in values))


def _renumber(manifests, kept):
    """A difference names the whole manifest that it builds on, which may be another one now."""
    for snapshot in kept:
        header = manifests.header(snapshot)
        if header['parent'] is None:
            continue
        parent = manifests.header(header['parent'])
        place = {'base': parent['base'], 'depth': parent['depth'] + 1}
        if any(header[name] != value for name, value in place.items()):
            lines = list(manifests.values(snapshot))
            manifests.write({**header, **place}, (_line_of(value) for value in lines))


def _line_of(value):
    return to_line(names.raw(value['path']), None if value.get('gone') else from_value(value))


def _sweep(manifests, objects, started_ns):
    named = {
        value['sha256'] for snapshot in manifests.all() for value in manifests.values(snapshot) if 'sha256' in value
    }
    freed = 0
    for prefix in os.listdir(objects.folder):
        folder = os.path.join(objects.folder, prefix)
        if not os.path.isdir(folder):
            continue
        for sha256 in os.listdir(folder):
            place = os.path.join(folder, sha256)
            found = os.stat(place)
            if sha256 not in named and found.st_ctime_ns < started_ns:
                freed += found.st_blocks * 512
                os.unlink(place)
    return freed
