import type { CopyParts } from '../../computer.js';
import { COPY_TREE } from './copy-tree.js';

/** What the program below is told, as a line of JSON on its standard input; `id` comes back in the answer. */
export type TreesRequest =
  | { verb: 'snapshot'; snapshot: string }
  | { verb: 'known'; snapshot: string }
  | { verb: 'restore'; snapshot: string }
  | { verb: 'copy'; snapshot?: string; parts: CopyParts };

/**
 * Takes and restores snapshots, and copies from one session to another, until its input ends. Runs as root in a
 * container of its own without network, with the session's volume at /session, snapshots at /snapshots, another's
 * volume at /source. Answers with a line of JSON that says how many bytes of JSON follow. Each request is done by a
 * process of its own: what that took of memory goes with it, also when the kernel ends it for that.
 * Digests are those of the local driver: sha256 over sorted [path, type, mode, content or link target].
 */
export const TREES = String.raw`
import fcntl, hashlib, json, os, subprocess, sys, time
${COPY_TREE}
sys.setrecursionlimit(20000)
STAGING = '/session/.raworc-filling'
YOUNG_NS = 50_000_000

def remove(*paths):
    if paths:
        subprocess.run([b'rm', b'-rf', b'--', *map(os.fsencode, paths)], check=True)

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
    both = old.keys() & new.keys()
    return {'added': len(new) - len(both), 'removed': len(old) - len(both),
            'modified': sum(old[path] != new[path] for path in both)}

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

def lock():
    """Until the end of this process: nobody else may take the begun snapshot for one left behind."""
    fcntl.flock(os.open('/snapshots', os.O_RDONLY | os.O_DIRECTORY), fcntl.LOCK_EX)

def snapshot(ask):
    name = ask['snapshot']
    lock()
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
        if os.path.lexists('/snapshots/' + name):
            # Of an earlier attempt, whose answer was lost.
            remove('/snapshots/' + name)
        os.rename(partial, '/snapshots/' + name)
    except BaseException:
        remove(partial)
        raise
    return {'digest': manifest['digest'], 'changed': changes(previous['entries'] if previous else [], entries),
            **size_of(entries)}

def known(ask):
    return {'known': os.path.exists('/snapshots/' + ask['snapshot'] + '/manifest.json')}

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
    return size_of(entries)

def restore(ask):
    return fill('/snapshots/' + ask['snapshot'] + '/files')

def copy(ask):
    if 'snapshot' in ask and not known(ask)['known']:
        return {'known': False}
    source = '/snapshots/' + ask['snapshot'] + '/files' if 'snapshot' in ask else '/source'
    parts = ask['parts']
    wanted = lambda name: parts['data'] if name == 'data' else name != 'logs' and parts['code']
    return fill(source, wanted, True)

VERBS = {'snapshot': snapshot, 'known': known, 'restore': restore, 'copy': copy}

def outcome(ask):
    try:
        return {}, VERBS[ask['verb']](ask)
    except OSError as error:
        return {'errno': error.errno, 'message': error.strerror}, None
    except Exception as error:
        return {'failed': '%s %s' % (type(error).__name__, error)}, None

def answer(ask, header, result):
    body = json.dumps(result)
    sys.stdout.write(json.dumps({'id': ask.get('id', 0), 'bytes': len(body), **header}) + '\n' + body)
    sys.stdout.flush()

for request in sys.stdin.buffer:
    ask = json.loads(request)
    worker = os.fork()
    if worker == 0:
        answer(ask, *outcome(ask))
        os._exit(0)
    if os.waitpid(worker, 0)[1] != 0:
        answer(ask, {'failed': 'it was killed, as happens when memory runs out'}, None)
`;
