"""File names are bytes. Their text form, and the order of paths, are described in snapshot-format.ts."""


def text(raw):
    return raw.decode('utf-8', 'surrogateescape')


def raw(text):
    return text.encode('utf-8', 'surrogateescape')


PLAIN = bytes(code for code in range(0x20, 0x7f) if code not in b'"\\')


def written_length(raw):
    """Characters in a manifest, where a byte that is no plain text becomes an escape of six."""
    return len(raw) + 5 * len(raw.translate(None, PLAIN))


def join(folder, name):
    return folder + b'/' + name if folder else name


def parent(path):
    return path.rpartition(b'/')[0]


def last(path):
    return path.rpartition(b'/')[2]
