"""The contents of files, by their sha256. An object is written under a temporary name, and once."""

import errno
import fcntl
import hashlib
import os

import limits

BLOCK = 1 << 20
# More files than these are written to the disk together.
MANY = 16
ZEROS = bytes(BLOCK)
FICLONE = 0x40049409
NO_COPY = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


class Objects:
    def __init__(self, folder):
        self.folder = folder
        self.temporary = os.path.join(folder, '.partial')
        # Written since the last call of `settle`, and their bytes on the disk.
        self.unsettled, self.stored = [], 0
        self.prefixes = set()

    def path(self, sha256):
        return os.path.join(self.folder, sha256[:2], sha256)

    def has(self, sha256, size):
        """One that a crash of the machine has cut short is written again."""
        try:
            return os.stat(self.path(sha256)).st_size == size
        except FileNotFoundError:
            return False

    def keep(self, source, size, deadline):
        """The sha256 and the size of what was read from an open file, which may change meanwhile."""
        deadline.check()
        if size <= BLOCK:
            content = _read_whole(source, size)
            if len(content) <= size:
                return self._keep_small(content), len(content)
            os.lseek(source, 0, os.SEEK_SET)
        return self._keep_large(source, deadline)

    def settle(self):
        """Makes sure that what was written outlives a crash of the machine. Gives its bytes."""
        if len(self.unsettled) > MANY and _sync_file_system(self.folder):
            self.unsettled = []
        for sha256 in self.unsettled:
            handle = os.open(self.path(sha256), os.O_RDONLY)
            try:
                os.fdatasync(handle)
            finally:
                os.close(handle)
        written, self.unsettled, self.stored = self.stored, [], 0
        return written

    def _keep_small(self, content):
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(sha256, len(content)):
            target = self._create()
            try:
                _write(target, content)
            finally:
                os.close(target)
            self._adopt(sha256)
        return sha256

    def _keep_large(self, source, deadline):
        target = self._create()
        try:
            if _cloned(source, target):
                # Nobody changes the clone.
                sha256, size = _copy_and_hash(target, None, deadline)
            else:
                sha256, size = _copy_and_hash(source, target, deadline)
        finally:
            os.close(target)
        if not self.has(sha256, size):
            self._adopt(sha256)
        return sha256, size

    def _create(self):
        return os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)

    def _adopt(self, sha256):
        prefix = sha256[:2]
        if prefix not in self.prefixes:
            os.makedirs(os.path.join(self.folder, prefix), 0o700, exist_ok=True)
            self.prefixes.add(prefix)
        self.stored += os.stat(self.temporary).st_blocks * 512
        os.rename(self.temporary, self.path(sha256))
        self.unsettled.append(sha256)


def copy_to(source, target):
    """Copies an object into an empty file; content is shared where the file system can, and holes stay holes."""
    if _cloned(source, target):
        return
    size, end = os.fstat(source).st_size, 0
    for start, end in _extents(source, size):
        while start < end:
            start += _copy_range(source, target, start, end)
    os.ftruncate(target, size)


def _sync_file_system(folder):
    """False where this Python cannot."""
    try:
        import ctypes
    except ImportError:
        return False
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return ctypes.CDLL(None).syncfs(handle) == 0
    except (OSError, AttributeError):
        return False
    finally:
        os.close(handle)


def _read_whole(source, size):
    content = bytearray()
    while len(content) <= size and (block := os.read(source, size + 1 - len(content))):
        content += block
    return bytes(content)


def _write(target, content):
    view = memoryview(content)
    while view:
        view = view[os.write(target, view):]


def _cloned(source, target):
    try:
        fcntl.ioctl(target, FICLONE, source)
        return True
    except OSError:
        return False


def _extents(source, size):
    end = 0
    while end < size:
        try:
            start = os.lseek(source, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return
        end = os.lseek(source, start, os.SEEK_HOLE)
        yield start, end


def _copy_range(source, target, start, end):
    try:
        count = os.copy_file_range(source, target, min(end - start, 1 << 30), start, start)
    except OSError as error:
        if error.errno not in NO_COPY:
            raise
        count = os.pwrite(target, os.pread(source, min(end - start, BLOCK), start), start)
    if count == 0:
        raise OSError(errno.EIO, 'an object of the snapshot store is cut short')
    return count


def _copy_and_hash(source, target, deadline):
    """Holes are not read, and not written; the copy ends where the file ended when its last data was read."""
    digest, at = hashlib.sha256(), 0
    size = min(os.fstat(source).st_size, limits.FILE_BYTES)
    for start, end in _extents(source, size):
        _hash_zeros(digest, start - at, deadline)
        at = start
        while at < end:
            deadline.check()
            block = os.pread(source, min(end - at, BLOCK), at)
            if not block:
                # Cut off meanwhile.
                size = at
                break
            digest.update(block)
            if target is not None and block.count(0) != len(block):
                os.lseek(target, at, os.SEEK_SET)
                _write(target, block)
            at += len(block)
        if at >= size:
            break
    _hash_zeros(digest, size - at, deadline)
    if target is not None:
        os.ftruncate(target, size)
    return digest.hexdigest(), size


def _hash_zeros(digest, count, deadline):
    while count > 0:
        deadline.check()
        digest.update(ZEROS[:min(count, BLOCK)] if count < BLOCK else ZEROS)
        count -= BLOCK
