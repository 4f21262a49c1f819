/** What the program below is told, as a line of JSON on its standard input; `id` comes back in the answer. */
export type FilesRequest =
  | { verb: 'read'; path: string; max: number }
  /** The content follows the line. */
  | { verb: 'write'; path: string; size: number }
  | { verb: 'list'; path: string };

/**
 * Reads, writes and lists files of the session, one request after the other until its input ends. Answers each with a
 * line of JSON that says how many bytes follow. Runs as the session's user, who can do no more through it than without.
 * Everything is opened below handles whose real place was looked at after they were opened: a link that takes the
 * place of a folder meanwhile leads nowhere.
 */
export const FILES = String.raw`
import json, os, stat, sys

PIECE = 1 << 18
source, sink = sys.stdin.buffer, sys.stdout.buffer
handles = []

class Refused(Exception):
    pass

class Content:
    """What follows a request. Whatever is not taken is skipped: the next request comes after it."""
    def __init__(self, size):
        self.left = size

    def pieces(self):
        while self.left:
            piece = source.read(min(self.left, PIECE))
            if not piece:
                raise OSError(5, 'the content did not come whole')
            self.left -= len(piece)
            yield piece

    def skip(self):
        for piece in self.pieces():
            pass

def refuse(code, message):
    raise Refused(code, message)

def held(handle):
    handles.append(handle)
    return handle

def release():
    while handles:
        os.close(handles.pop())

def is_inside(real):
    return real == '/session' or real.startswith('/session/')

def link_out(path):
    """The link of a path that leads outside, or, where several follow each other, the last of them."""
    at, found = '/', None
    for name in os.path.join('/session', path).split('/'):
        at = os.path.join(at, name)
        if os.path.islink(at) and not is_inside(os.path.realpath(at)):
            found = at
            break
    for _ in range(40):
        target = found and os.path.normpath(os.path.join(os.path.dirname(found), os.readlink(found)))
        if not target or not is_inside(target) or not os.path.islink(target):
            break
        found = target
    return found

def require_inside(real, path):
    if is_inside(real):
        return
    link, what = link_out(path), " is outside the session's folder. "
    if link and is_inside(link):
        what = " leads outside the session's folder: %s is a link to %s. " % (
            os.path.relpath(link, '/session'), os.readlink(link))
    refuse('path_outside_computer',
           path + what + 'Use a path relative to it, or one that starts with /session or /data.')

def place(path):
    real = os.path.realpath(os.path.join('/session', path))
    require_inside(real, path)
    if os.path.islink(real):
        refuse('path_outside_computer', '%s goes through too many links, one of them %s.' % (
            path, os.path.relpath(real, '/session')))
    return real

def opened(real, flags, path):
    handle = held(os.open(real, flags | os.O_NOFOLLOW))
    require_inside(os.readlink('/proc/self/fd/%d' % handle), path)
    return handle

def folder_of(real, path):
    missing = []
    folder = os.path.dirname(real)
    while folder != '/session' and not os.path.lexists(folder):
        folder, name = os.path.split(folder)
        missing.insert(0, name)
    handle = opened(folder, os.O_RDONLY | os.O_DIRECTORY, path)
    for name in missing:
        try:
            os.mkdir(name, 0o755, dir_fd=handle)
        except FileExistsError:
            pass
        handle = held(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle))
    return handle

def require_regular(mode, path):
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        refuse('file_is_folder', path + ' is a folder, not a file.')
    kind = 'pipe' if stat.S_ISFIFO(mode) else 'socket' if stat.S_ISSOCK(mode) else 'device'
    refuse('file_not_readable', '%s is a %s, not a regular file.' % (path, kind))

def read(path, ask):
    handle = opened(place(path), os.O_RDONLY | os.O_NONBLOCK, path)
    found = os.fstat(handle)
    require_regular(found.st_mode, path)
    if found.st_size > ask['max']:
        refuse('file_too_large', '%s has %d bytes; the limit is %d. Read a part of it with a command instead.'
               % (path, found.st_size, ask['max']))
    with open(handle, 'rb', closefd=False) as file:
        return file.read(found.st_size)

def keeps_owner(handle, found):
    """Whether a new file can have the owner of the one that it replaces."""
    new = os.fstat(handle)
    if (new.st_uid, new.st_gid) == (found.st_uid, found.st_gid):
        return True
    try:
        os.fchown(handle, found.st_uid, found.st_gid)
        return True
    except PermissionError:
        return False

def write_in_place(file, name, folder, found):
    """Into the file itself, which has other names or another owner. What is there goes only when there is room."""
    handle = held(os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder))
    opened = os.fstat(handle)
    if not os.path.samestat(opened, found):
        raise FileNotFoundError(2, 'replaced meanwhile')
    size = os.fstat(file.fileno()).st_size
    if size > opened.st_size:
        try:
            os.posix_fallocate(handle, opened.st_size, size - opened.st_size)
        except OSError:
            os.ftruncate(handle, opened.st_size)
            raise
    at = 0
    while at < size:
        sent = os.sendfile(handle, file.fileno(), at, PIECE)
        if not sent:
            raise OSError(5, 'the content was cut off meanwhile')
        at += sent
    os.ftruncate(handle, size)
    # Writing takes some bits away, unless root does it.
    if os.fstat(handle).st_mode != opened.st_mode:
        os.fchmod(handle, stat.S_IMODE(opened.st_mode))

def written_in_place(file, name, folder, found):
    """False when the new file can replace the one that is there, of which it then has owner and mode."""
    as_before = keeps_owner(file.fileno(), found)
    if found.st_nlink > 1 or not as_before:
        try:
            write_in_place(file, name, folder, found)
            return True
        except PermissionError:
            if found.st_nlink > 1:
                raise
    mode = stat.S_IMODE(found.st_mode)
    # With another owner these bits would give other rights.
    os.fchmod(file.fileno(), mode if as_before else mode & ~(stat.S_ISUID | stat.S_ISGID))
    return False

def write(path, content):
    real = place(path)
    if os.path.isdir(real):
        require_regular(stat.S_IFDIR, path)
    folder, name, found = folder_of(real, path), os.path.basename(real), None
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        require_regular(found.st_mode, path)
    except FileNotFoundError:
        pass
    temporary = '.raworc-' + os.urandom(16).hex()
    try:
        with open(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder), 'w+b') as file:
            for piece in content.pieces():
                file.write(piece)
            file.flush()
            if found and written_in_place(file, name, folder, found):
                os.unlink(temporary, dir_fd=folder)
                return
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        try:
            os.unlink(temporary, dir_fd=folder)
        except FileNotFoundError:
            pass
        raise

def entry(real, name, folder):
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    kind = 'directory' if stat.S_ISDIR(found.st_mode) else 'link' if stat.S_ISLNK(found.st_mode) else 'file'
    return {
        'path': os.fsencode(os.path.relpath(real, '/session')).decode('utf-8', 'replace'),
        'type': kind,
        'bytes': found.st_size if stat.S_ISREG(found.st_mode) else 0,
    }

def entries(path):
    real = place(path)
    if not os.path.isdir(real):
        folder = opened(os.path.dirname(real), os.O_RDONLY | os.O_DIRECTORY, path)
        return [entry(real, os.path.basename(real), folder)]
    folder = opened(real, os.O_RDONLY | os.O_DIRECTORY, path)
    found = []
    for name in sorted(os.listdir(folder)):
        try:
            found.append(entry(os.path.join(real, name), name, folder))
        except FileNotFoundError:
            pass
    return found

def done(ask, content):
    if ask['verb'] == 'read':
        return read(ask['path'], ask)
    if ask['verb'] == 'write':
        return write(ask['path'], content) or b''
    return json.dumps(entries(ask['path'])).encode()

def serve(ask):
    content = Content(ask.get('size', 0))
    header, body = {}, b''
    try:
        body = done(ask, content)
    except Refused as error:
        header = dict(zip(('refused', 'message'), error.args))
    except OSError as error:
        header = {'errno': error.errno, 'message': error.strerror}
    except Exception as error:
        header = {'failed': '%s %s' % (type(error).__name__, error)}
    finally:
        release()
    content.skip()
    sink.write(json.dumps({'id': ask.get('id', 0), 'bytes': len(body), **header}).encode() + b'\n')
    sink.write(body)
    sink.flush()

for line in source:
    serve(json.loads(line))
`;
