"""File names are bytes. Their text form, and the order of paths, are described in snapshot-format.ts."""


def text(raw):
    return raw.decode('utf-8', 'surrogateescape')


def raw(text):
    return text.encode('utf-8', 'surrogateescape')


def join(folder, name):
    return folder + b'/' + name if folder else name


def parent(path):
    return path.rpartition(b'/')[0]


def last(path):
    return path.rpartition(b'/')[2]
