"""One entry of a session's tree: what a manifest says about it, and its line of the tree's digest."""

import json
import stat

import names

OPTIONAL = ('sha256', 'target', 'link', 'xattrs')


class Entry:
    __slots__ = (
        'type', 'mode', 'uid', 'gid', 'size', 'mtime_ns', 'ctime_ns', 'ino',
        'sha256', 'target', 'link', 'xattrs', 'linked', 'children', 'line',
    )

    def __init__(self, kind, found):
        self.type = kind
        self.mode = stat.S_IMODE(found.st_mode)
        self.uid, self.gid = found.st_uid, found.st_gid
        self.size = found.st_size if kind == 'file' else 0
        self.mtime_ns, self.ctime_ns, self.ino = found.st_mtime_ns, found.st_ctime_ns, found.st_ino
        self.sha256 = self.target = self.link = self.xattrs = self.line = None
        # Has other names, perhaps outside the tree.
        self.linked = kind != 'directory' and found.st_nlink > 1
        # Names in a directory.
        self.children = set() if kind == 'directory' else None

    def is_state_of(self, found):
        return (
            self.ctime_ns == found.st_ctime_ns
            and self.ino == found.st_ino
            and self.size == (found.st_size if self.type == 'file' else 0)
            and self.type == kind_of(found.st_mode)
        )

    def written_length(self, path):
        """What counts as the length of its line in a manifest."""
        length = names.written_length(path)
        for text in (self.target, self.link):
            if text:
                length += names.written_length(names.raw(text))
        for name, value in (self.xattrs or {}).items():
            length += names.written_length(names.raw(name)) + len(value)
        return length

    def digest_line(self, path):
        if self.line is None:
            parts = [names.text(path), self.type, self.mode, self.sha256 or self.target or '']
            if self.link is not None or self.xattrs:
                parts += [self.link or '', sorted((self.xattrs or {}).items())]
            self.line = dumps(parts).encode('utf-8', 'backslashreplace') + b'\n'
        return self.line


def kind_of(mode):
    """None for what is never kept."""
    if stat.S_ISREG(mode):
        return 'file'
    if stat.S_ISDIR(mode):
        return 'directory'
    if stat.S_ISLNK(mode):
        return 'link'
    return 'fifo' if stat.S_ISFIFO(mode) else None


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def to_line(path, entry):
    """The line of a manifest; None for an entry that is gone."""
    if entry is None:
        value = {'path': names.text(path), 'gone': True}
    else:
        value = {
            'path': names.text(path), 'type': entry.type, 'mode': entry.mode, 'uid': entry.uid,
            'gid': entry.gid, 'mtime_ns': str(entry.mtime_ns), 'ctime_ns': str(entry.ctime_ns),
            'ino': str(entry.ino), 'size': entry.size,
        }
        for name in OPTIONAL:
            if getattr(entry, name):
                value[name] = getattr(entry, name)
    return json.dumps(value, separators=(',', ':')).encode() + b'\n'


def from_value(value):
    entry = Entry.__new__(Entry)
    entry.type, entry.mode = value['type'], value['mode']
    entry.uid, entry.gid, entry.size = value['uid'], value['gid'], value['size']
    entry.mtime_ns, entry.ctime_ns = int(value['mtime_ns']), int(value['ctime_ns'])
    entry.ino = int(value['ino'])
    for name in OPTIONAL:
        setattr(entry, name, value.get(name))
    entry.linked, entry.line = False, None
    entry.children = set() if entry.type == 'directory' else None
    return entry
