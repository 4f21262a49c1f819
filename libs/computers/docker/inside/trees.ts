import type { CopyParts } from '../../computer.js';
import { COPY_FILE } from './copy-file.js';

/** What the program below is told, as JSON in its argument. */
export type TreesRequest =
  | { verb: 'snapshot'; id: string }
  | { verb: 'known'; id: string }
  | { verb: 'restore'; id: string }
  | { verb: 'copy'; id?: string; parts: CopyParts };

/**
 * Takes and restores snapshots, and copies from one session to another. Runs as root in a container of its own
 * without network, with the session's volume at /session, snapshots at /snapshots, another's volume at /source.
 * Digests are those of the local driver: sha256 over sorted [path, type, mode, content or link target].
 */
export const TREES = String.raw`
import base64, errno, hashlib, json, os, stat, subprocess, sys, time
${COPY_FILE}
ask = json.loads(sys.argv[1])
sys.setrecursionlimit(20000)
STAGING = '/session/.raworc-filling'
YOUNG_NS = 50_000_000

def answer(header):
    sys.stdout.write(json.dumps(header) + '\n')
    sys.stdout.flush()
    sys.exit(0)

def text(name):
    raw = os.fsencode(name)
    try:
        return raw.decode('utf-8')
    except UnicodeDecodeError:
        return '\0' + base64.b64encode(raw).decode()

def remove(*paths):
    if paths:
        subprocess.run([b'rm', b'-rf', b'--', *map(os.fsencode, paths)], check=True)

def attributes(path, kind, found, **more):
    return {'path': text(path), 'type': kind, 'mode': stat.S_IMODE(found.st_mode),
            'size': found.st_size if kind == 'file' else 0, 'mtime_ns': str(found.st_mtime_ns),
            'ctime_ns': str(found.st_ctime_ns), 'inode': str(found.st_ino), **more}

def keep_attributes(place, found):
    os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(place, stat.S_IMODE(found.st_mode))
    os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)

class Copy:
    def __init__(self, hashed=False, include=lambda name: True, reuse=lambda path, found: None):
        self.hashed, self.include, self.reuse, self.entries = hashed, include, reuse, []

    def tree(self, source, target):
        os.makedirs(target, 0o700, exist_ok=True)
        handle = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
        self.folder(handle, target, '')
        self.entries.sort(key=lambda entry: entry['path'].encode('utf-16-be', 'surrogatepass'))
        return self.entries

    def folder(self, handle, target, path):
        try:
            for name in os.listdir(handle):
                if path == '' and (name == '.raworc-filling' or not self.include(name)):
                    continue
                try:
                    self.entry(handle, name, target + '/' + name, path + '/' + name if path else name)
                except (FileNotFoundError, NotADirectoryError):
                    pass
                except OSError as error:
                    if error.errno != errno.ELOOP:
                        raise
        finally:
            os.close(handle)

    def entry(self, handle, name, place, path):
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.mkdir(place, 0o700)
            self.folder(inner, place, path)
            keep_attributes(place, found)
            self.entries.append(attributes(path, 'directory', found))
        elif stat.S_ISLNK(found.st_mode):
            linked = os.readlink(name, dir_fd=handle)
            os.symlink(linked, place)
            keep_attributes(place, found)
            self.entries.append(attributes(path, 'link', found, target=text(linked)))
        elif stat.S_ISREG(found.st_mode):
            self.file(handle, name, place, path, found)

    def file(self, handle, name, place, path, found):
        earlier = self.reuse(text(path), found)
        if earlier:
            os.link(earlier[0] + '/' + path, place)
            self.entries.append(attributes(path, 'file', found, sha256=earlier[1]))
            return
        copied, sha256 = copy_file(name, handle, place, self.hashed)
        if copied:
            keep_attributes(place, copied)
            self.entries.append(attributes(path, 'file', copied, **({'sha256': sha256} if sha256 else {})))

def line(entry):
    content = entry.get('sha256', entry.get('target', ''))
    return json.dumps([entry['path'], entry['type'], entry['mode'], content], ensure_ascii=False, separators=(',', ':'))

def digest_of(entries):
    digest = hashlib.sha256()
    for entry in entries:
        digest.update((line(entry) + '\n').encode())
    return digest.hexdigest()

def changes(before, after):
    lines = lambda entries: {entry['path']: line(entry) for entry in entries if entry['type'] != 'directory'}
    old, new = lines(before), lines(after)
    return sum(old.get(path) != new.get(path) for path in old.keys() | new.keys())

def size_of(entries):
    files = [entry['size'] for entry in entries if entry['type'] == 'file']
    return {'files': len(files), 'bytes': sum(files)}

def latest():
    for name in sorted(os.listdir('/snapshots'), reverse=True):
        if not name.startswith('.'):
            with open('/snapshots/' + name + '/manifest.json') as file:
                return json.load(file)

def unchanged_since(previous):
    known = {entry['path']: entry for entry in previous['entries'] if entry['type'] == 'file'}
    files = '/snapshots/' + previous['snapshot_id'] + '/files'
    settled_before = int(previous['started_ns']) - YOUNG_NS
    def reuse(path, found):
        entry = known.get(path)
        same = (entry and (entry['inode'], entry['ctime_ns'], entry['mtime_ns'], entry['size'])
                == (str(found.st_ino), str(found.st_ctime_ns), str(found.st_mtime_ns), found.st_size)
                and found.st_ctime_ns < settled_before)
        return (files, entry['sha256']) if same else None
    return reuse

def snapshot():
    name = ask['id']
    partial = '/snapshots/.partial-' + name
    remove(*('/snapshots/' + left for left in os.listdir('/snapshots') if left.startswith('.partial-')))
    previous = latest()
    started = time.time_ns()
    try:
        reuse = unchanged_since(previous) if previous else lambda path, found: None
        entries = Copy(hashed=True, reuse=reuse).tree('/session', partial + '/files')
        manifest = {'version': 1, 'snapshot_id': name, 'started_ns': str(started),
                    'digest': digest_of(entries), 'entries': entries}
        with open(partial + '/manifest.json', 'w') as file:
            json.dump(manifest, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(partial, '/snapshots/' + name)
    except BaseException:
        remove(partial)
        raise
    answer({'digest': manifest['digest'], 'changed': changes(previous['entries'] if previous else [], entries),
            **size_of(entries)})

def source_of(live):
    name = ask.get('id')
    return live if name is None else '/snapshots/' + name + '/files'

def known():
    answer({'known': os.path.exists('/snapshots/' + ask['id'] + '/manifest.json')})

def fill(source, include=lambda name: True, standard=False):
    remove(STAGING)
    try:
        entries = Copy(include=include).tree(source, STAGING)
    except BaseException:
        remove(STAGING)
        raise
    if standard:
        for name in ('code', 'data', 'logs'):
            if not os.path.lexists(STAGING + '/' + name):
                os.mkdir(STAGING + '/' + name, 0o700)
                os.chown(STAGING + '/' + name, 1000, 1000)
    remove(*('/session/' + name for name in os.listdir('/session') if name != '.raworc-filling'))
    for name in os.listdir(STAGING):
        os.rename(STAGING + '/' + name, '/session/' + name)
    os.rmdir(STAGING)
    answer(size_of(entries))

def restore():
    fill(source_of('/snapshots'))

def copy():
    if 'id' in ask and not os.path.exists('/snapshots/' + ask['id'] + '/manifest.json'):
        answer({'known': False})
    parts = ask['parts']
    wanted = lambda name: parts['data'] if name == 'data' else name != 'logs' and parts['code']
    fill(source_of('/source'), wanted, True)

try:
    {'snapshot': snapshot, 'known': known, 'restore': restore, 'copy': copy}[ask['verb']]()
except OSError as error:
    answer({'errno': error.errno, 'message': error.strerror})
`;
