"""Puts the files of a snapshot in place of what a volume holds."""

import errno
import os
import subprocess

import attributes
import limits
import names
import objects
from descent import Descent

STAGING = '.raworc-filling'
FULL = (errno.ENOSPC, errno.EDQUOT)
AGENT = 1000


class Fill:
    def __init__(self, target, contents):
        self.target, self.contents = target, contents
        self.staging = os.path.join(target, STAGING)
        self.files = self.bytes = 0
        self.skipped, self.skipped_total = [], 0

    def replace(self, values, standard):
        """`values` are sorted by path. With `standard`, the folders that every computer has are made where missing."""
        _remove(self.staging)
        try:
            os.mkdir(self.staging, 0o700)
            with Descent(self.staging) as descent:
                self._put_all(list(values), descent)
                if standard:
                    self._make_standard()
        except BaseException:
            _remove(self.staging)
            raise
        _remove(*(os.path.join(self.target, name) for name in os.listdir(self.target) if name != STAGING))
        for name in os.listdir(self.staging):
            os.rename(os.path.join(self.staging, name), os.path.join(self.target, name))
        os.rmdir(self.staging)
        return {'files': self.files, 'bytes': self.bytes, 'skipped': self.skipped, 'skipped_total': self.skipped_total}

    def _put_all(self, values, descent):
        # The first member of a hard-link group may be in a part that does not come along.
        self.firsts = {}
        folders = []
        for value in values:
            path = names.raw(value['path'])
            try:
                folder = descent.to(names.parent(path))
                self._put(value, path, folder)
                if value['type'] == 'directory':
                    folders.append((path, value))
                else:
                    _keep_attributes(value, folder, names.last(path))
            except OSError as error:
                self._failed(path, error)
        # A folder may be closed to writing, and its time changes with what is put into it.
        for path, value in reversed(folders):
            _keep_attributes(value, descent.to(names.parent(path)), names.last(path))

    def _put(self, value, path, folder):
        name, kind = names.last(path), value['type']
        if kind == 'directory':
            os.mkdir(name, 0o700, dir_fd=folder)
        elif kind == 'link':
            os.symlink(names.raw(value['target']), name, dir_fd=folder)
        elif kind == 'fifo':
            os.mkfifo(name, 0o600, dir_fd=folder)
        else:
            self._put_file(value, path, folder, name)

    def _put_file(self, value, path, folder, name):
        group = value.get('link') or value['path']
        first = self.firsts.get(group)
        self.files += 1
        if first is not None and self._linked(first, folder, name):
            return
        self.firsts.setdefault(group, path)
        self.bytes += value['size']
        with open(self.contents.path(value['sha256']), 'rb') as source:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            target = os.open(name, flags, 0o600, dir_fd=folder)
            try:
                objects.copy_to(source.fileno(), target)
            finally:
                os.close(target)

    def _linked(self, first, folder, name):
        """False where a file has as many links as its file system allows."""
        try:
            with Descent(self.staging) as descent:
                source = descent.to(names.parent(first))
                os.link(names.last(first), name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
            return True
        except OSError:
            return False

    def _make_standard(self):
        for name in ('code', 'data', 'logs'):
            place = os.path.join(self.staging, name)
            if not os.path.lexists(place):
                os.mkdir(place, 0o700)
                os.chown(place, AGENT, AGENT)

    def _failed(self, path, error):
        """What has no place here is named; an end of room ends all."""
        if error.errno in FULL or error.errno == errno.EIO or error.errno == errno.ENOENT:
            raise error
        self.skipped_total += 1
        if len(self.skipped) < limits.SKIPPED_NAMED:
            why = 'path_too_long' if error.errno == errno.ENAMETOOLONG else 'name_unsupported'
            self.skipped.append({'path': names.text(path), 'why': why})


def _keep_attributes(value, folder, name):
    os.chown(name, value['uid'], value['gid'], dir_fd=folder, follow_symlinks=False)
    if value['type'] != 'link':
        os.chmod(name, value['mode'], dir_fd=folder)
    if value.get('xattrs'):
        attributes.put(folder, name, value['xattrs'])
    moment = int(value['mtime_ns'])
    os.utime(name, ns=(moment, moment), dir_fd=folder, follow_symlinks=False)


def _remove(*paths):
    if paths:
        subprocess.run([b'rm', b'-rf', b'--', *map(os.fsencode, paths)], check=True)
