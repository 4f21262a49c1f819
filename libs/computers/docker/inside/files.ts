/** What the program below is told, as JSON in its argument. */
export type FilesRequest =
  | { verb: 'read'; path: string; max: number }
  /** The content follows on standard input. */
  | { verb: 'write'; path: string; size: number }
  | { verb: 'list'; path: string };

/** Reads, writes and lists files of the session. Runs as the session's user, who can do no more through it than without. */
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

def place():
    real = os.path.realpath(os.path.join('/session', path))
    if real != '/session' and not real.startswith('/session/'):
        refuse('path_outside_computer', path + " is outside the session's folder. Use a path relative to it, or one "
               'that starts with /session or /data.')
    if os.path.islink(real):
        refuse('path_outside_computer', path + ' goes through too many links.')
    return real

def not_regular():
    refuse('file_not_readable', path + ' is not a regular file.')

def read():
    with open(os.open(place(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), 'rb') as file:
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
    mode = None
    if os.path.lexists(real):
        found = os.lstat(real)
        if not stat.S_ISREG(found.st_mode):
            not_regular()
        mode = stat.S_IMODE(found.st_mode)
    folder = os.path.dirname(real)
    os.makedirs(folder, 0o755, exist_ok=True)
    temporary = os.path.join(folder, '.raworc-' + str(uuid.uuid4()))
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), 'wb') as file:
            file.write(content)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
        os.rename(temporary, real)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    answer({'ok': True})

def entry(real):
    found = os.lstat(real)
    kind = 'directory' if stat.S_ISDIR(found.st_mode) else 'link' if stat.S_ISLNK(found.st_mode) else 'file'
    return {
        'path': os.fsencode(os.path.relpath(real, '/session')).decode('utf-8', 'replace'),
        'type': kind,
        'bytes': found.st_size if stat.S_ISREG(found.st_mode) else 0,
    }

def entries():
    real = place()
    if not os.path.isdir(real):
        answer({'entries': [entry(real)]})
    found = []
    for name in sorted(os.listdir(real)):
        try:
            found.append(entry(os.path.join(real, name)))
        except FileNotFoundError:
            pass
    answer({'entries': found})

try:
    {'read': read, 'write': write, 'list': entries}[ask['verb']]()
except OSError as error:
    answer({'errno': error.errno, 'message': error.strerror})
`;
