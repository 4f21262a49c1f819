import { COPY_FILE } from './copy-file.js';

/**
 * Defines `Copy(...).tree(source, target)` for programs of ours: copies a folder with modes, owners, times and links,
 * but without devices, pipes and sockets. What a session removes meanwhile is left out, and a link that it puts in the
 * way is not followed. A file for which `reuse` names an earlier copy becomes a hard link to that. Gives what was
 * copied, sorted by path.
 */
export const COPY_TREE = String.raw`
import base64, errno, os, stat
${COPY_FILE}
def text(name):
    raw = os.fsencode(name)
    try:
        return raw.decode('utf-8')
    except UnicodeDecodeError:
        return '\0' + base64.b64encode(raw).decode()

def attributes(path, kind, found, **more):
    return {'path': text(path), 'type': kind, 'mode': stat.S_IMODE(found.st_mode),
            'size': found.st_size if kind == 'file' else 0, 'mtime_ns': str(found.st_mtime_ns),
            'ctime_ns': str(found.st_ctime_ns), 'inode': str(found.st_ino), **more}

def keep_attributes(place, found):
    os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(place, stat.S_IMODE(found.st_mode))
    os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)

def linked(earlier, place):
    """False where a file has as many links as its file system allows, or is not there as it should be."""
    try:
        os.link(earlier, place)
        return True
    except OSError:
        return False

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
            goal = os.readlink(name, dir_fd=handle)
            os.symlink(goal, place)
            keep_attributes(place, found)
            self.entries.append(attributes(path, 'link', found, target=text(goal)))
        elif stat.S_ISREG(found.st_mode):
            self.file(handle, name, place, path, found)

    def file(self, handle, name, place, path, found):
        earlier = self.reuse(text(path), found)
        if earlier and linked(earlier[0] + '/' + path, place):
            self.entries.append(attributes(path, 'file', found, sha256=earlier[1]))
            return
        copied, sha256 = copy_file(name, handle, place, self.hashed)
        if copied:
            keep_attributes(place, copied)
            self.entries.append(attributes(path, 'file', copied, **({'sha256': sha256} if sha256 else {})))
`;
