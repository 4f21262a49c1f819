/**
 * Defines `copy_file(name, folder, place, hashed)` for programs of ours: copies a regular file that may change
 * meanwhile, and gives its state and, when `hashed`, the sha256 of its content. Content is shared where the file
 * system can, and holes stay holes. Anything but a regular file gives `None, None`.
 */
export const COPY_FILE = String.raw`
import errno, fcntl, hashlib, os, stat

BLOCK = 1 << 20
FICLONE = 0x40049409

def cloned(source, target):
    try:
        fcntl.ioctl(target, FICLONE, source)
        return True
    except OSError:
        return False

def copy_range(source, target, start, end):
    while start < end:
        try:
            count = os.copy_file_range(source, target, min(end - start, 1 << 30), start, start)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
                raise
            count = os.pwrite(target, os.pread(source, min(end - start, BLOCK), start), start)
        if count == 0:
            return
        start += count

def copy_data(source, target):
    size, end = os.fstat(source).st_size, 0
    while end < size:
        try:
            start = os.lseek(source, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break
        end = os.lseek(source, start, os.SEEK_HOLE)
        copy_range(source, target, start, end)
    os.ftruncate(target, size)

def copy_content(source, target, hashed):
    if not hashed:
        if not cloned(source, target):
            copy_data(source, target)
        return None
    return copy_and_hash(source, target, cloned(source, target))

def copy_and_hash(source, target, has_content):
    digest = hashlib.sha256()
    end = 0
    while block := os.read(source, BLOCK):
        digest.update(block)
        end += len(block)
        if has_content:
            continue
        if block.count(0) == len(block):
            os.lseek(target, len(block), os.SEEK_CUR)
        else:
            view = memoryview(block)
            while view:
                view = view[os.write(target, view):]
    if not has_content:
        os.ftruncate(target, end)
    return digest.hexdigest()

def copy_file(name, folder, place, hashed):
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        for attempt in range(3):
            before = os.fstat(source)
            if not stat.S_ISREG(before.st_mode):
                return None, None
            os.lseek(source, 0, os.SEEK_SET)
            target = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                sha256 = copy_content(source, target, hashed)
            finally:
                os.close(target)
            after = os.fstat(source)
            if (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size):
                break
        return before, sha256
    finally:
        os.close(source)
`;
