"""Extended attributes, which POSIX ACLs and file capabilities are as well."""

import binascii
import errno
import os

import names


def of_handle(handle):
    return _read(lambda: os.listxattr(handle), lambda name: os.getxattr(handle, name))


def of_name(folder, name):
    """Of a link or another entry that is not opened."""
    place = place_of(folder, name)
    return _read(
        lambda: os.listxattr(place, follow_symlinks=False),
        lambda attribute: os.getxattr(place, attribute, follow_symlinks=False),
    )


def put(folder, name, values):
    """The names of those that this machine does not take here."""
    place, refused = place_of(folder, name), []
    for attribute, value in values.items():
        try:
            os.setxattr(place, names.raw(attribute), binascii.a2b_base64(value), follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            refused.append(attribute)
    return refused


def place_of(folder, name):
    """Python has no calls for attributes relative to a directory; the path stays short however deep that is."""
    return b'/proc/self/fd/%d/%s' % (folder, name)


def _read(list_names, get):
    found = {}
    try:
        for name in list_names():
            raw = os.fsencode(name)
            found[names.text(raw)] = binascii.b2a_base64(get(raw), newline=False).decode()
    except OSError as error:
        # The file system has none, or one went meanwhile.
        if error.errno not in (errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.EACCES):
            raise
    return found or None
