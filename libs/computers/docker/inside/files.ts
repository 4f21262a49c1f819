/** What the program below is told, as JSON in its argument. */
export type FilesRequest =
  | { verb: 'read'; path: string; max: number }
  /** The content follows on standard input. */
  | { verb: 'write'; path: string; size: number }
  | { verb: 'list'; path: string };

/**
 * Reads, writes and lists files of the session. Runs as the session's user, who can do no more through it than without.
 * Everything is opened below handles whose real place was looked at after they were opened: a link that takes the
 * place of a folder meanwhile leads nowhere.
 */
export const FILES = String.raw`
import json, os, stat, sys, uuid

ask = json.loads(sys.argv[1])
path = ask['path']

def answer(header, body=b''):
    sys.stdout.buffer.write(json.dumps(header).encode() + b'\n' + body)
    sys.stdout.buffer.flush()
    sys.exit(0)

def refuse(code, message):
    answer({'refused': code, 'message': message})

def require_inside(real):
    if real != '/session' and not real.startswith('/session/'):
        refuse('path_outside_computer', path + " is outside the session's folder. Use a path relative to it, or one "
               'that starts with /session or /data.')

def place():
    real = os.path.realpath(os.path.join('/session', path))
    require_inside(real)
    if os.path.islink(real):
        refuse('path_outside_computer', path + ' goes through too many links.')
    return real

def opened(real, flags):
    handle = os.open(real, flags | os.O_NOFOLLOW)
    require_inside(os.readlink('/proc/self/fd/%d' % handle))
    return handle

def folder_of(real):
    missing = []
    folder = os.path.dirname(real)
    while folder != '/session' and not os.path.lexists(folder):
        folder, name = os.path.split(folder)
        missing.insert(0, name)
    handle = opened(folder, os.O_RDONLY | os.O_DIRECTORY)
    for name in missing:
        try:
            os.mkdir(name, 0o755, dir_fd=handle)
        except FileExistsError:
            pass
        handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
    return handle

def not_regular():
    refuse('file_not_readable', path + ' is not a regular file.')

def read():
    with open(opened(place(), os.O_RDONLY | os.O_NONBLOCK), 'rb') as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            not_regular()
        content = file.read(ask['max'] + 1) if found.st_size <= ask['max'] else b''
        size = max(found.st_size, len(content))
        if size > ask['max']:
            refuse('file_too_large', '%s has %d bytes; the limit is %d. Read a part of it with a command instead.'
                   % (path, size, ask['max']))
    answer({'ok': True}, content)

def write():
    real = place()
    content = sys.stdin.buffer.read(ask['size'])
    if len(content) != ask['size']:
        raise OSError(5, 'the content did not come whole')
    if os.path.isdir(real):
        not_regular()
    folder, name, mode = folder_of(real), os.path.basename(real), None
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            not_regular()
        mode = stat.S_IMODE(found.st_mode)
    except FileNotFoundError:
        pass
    temporary = '.raworc-' + str(uuid.uuid4())
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder), 'wb') as file:
            file.write(content)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        try:
            os.unlink(temporary, dir_fd=folder)
        except FileNotFoundError:
            pass
        raise
    answer({'ok': True})

def entry(real, name, folder):
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    kind = 'directory' if stat.S_ISDIR(found.st_mode) else 'link' if stat.S_ISLNK(found.st_mode) else 'file'
    return {
        'path': os.fsencode(os.path.relpath(real, '/session')).decode('utf-8', 'replace'),
        'type': kind,
        'bytes': found.st_size if stat.S_ISREG(found.st_mode) else 0,
    }

def entries():
    real = place()
    if not os.path.isdir(real):
        folder = opened(os.path.dirname(real), os.O_RDONLY | os.O_DIRECTORY)
        answer({'entries': [entry(real, os.path.basename(real), folder)]})
    folder = opened(real, os.O_RDONLY | os.O_DIRECTORY)
    found = []
    for name in sorted(os.listdir(folder)):
        try:
            found.append(entry(os.path.join(real, name), name, folder))
        except FileNotFoundError:
            pass
    answer({'entries': found})

try:
    {'read': read, 'write': write, 'list': entries}[ask['verb']]()
except OSError as error:
    answer({'errno': error.errno, 'message': error.strerror})
`;
