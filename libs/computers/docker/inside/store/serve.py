"""
Takes and restores snapshots, copies from one session to another and reads snapshots, one request after the other until
its input ends. Runs as root in a container of its own without network, with the session's volume at /session and its
store at /snapshots. A request is a line of JSON; the answer is a line of JSON that says how many bytes follow.
"""

import json
import os
import sys

from fill import Fill
from manifests import Manifests, Missing
from objects import Objects
from retention import keep_only
from snapshot import Snapshots

# The files of the session, its store, and the store of the session that a copy comes from.
SESSION, STORE, SOURCE = sys.argv[2:5] or ('/session', '/snapshots', '/source')


class Refused(Exception):
    pass


class Server:
    def __init__(self):
        self._snapshots = None

    @property
    def snapshots(self):
        if self._snapshots is None:
            self._snapshots = Snapshots(SESSION, STORE)
        return self._snapshots

    def begin(self, ask):
        return self.snapshots.begin(ask)

    def look_paused(self, ask):
        return self.snapshots.look_paused(ask)

    def commit(self, ask):
        return self.snapshots.commit(ask)

    def known(self, ask):
        return {'known': _manifests(STORE).has(ask['snapshot'])}

    def list(self, ask):
        fields = ('path', 'type', 'mode', 'size', 'sha256', 'target')
        values = _manifests(STORE).all_values(ask['snapshot'])
        return [{name: value[name] for name in fields if name in value} for value in values]

    def read(self, ask):
        path = ask['path']
        value = _manifests(STORE).find(ask['snapshot'], os.fsencode(path))
        if value is None:
            raise FileNotFoundError(2, 'No such file or directory')
        if value['type'] != 'file':
            raise Refused('file_not_readable', path + ' is not a regular file.')
        if value['size'] > ask['max']:
            raise Refused('file_too_large', '%s has %d bytes; the limit is %d.' % (path, value['size'], ask['max']))
        with open(_objects(STORE).path(value['sha256']), 'rb') as file:
            return file.read()

    def keep_only(self, ask):
        return self.snapshots.exclusively(
            lambda: keep_only(self.snapshots.manifests, self.snapshots.objects, set(ask['keep']))
        )

    def forget_copy(self, ask):
        return {'bytes': _manifests(STORE).remove(ask['snapshot'])}

    def restore(self, ask):
        return Fill(SESSION, _objects(STORE)).replace(_manifests(STORE).all_values(ask['snapshot']), False)

    def copy(self, ask):
        parts = ask['parts']
        values = _manifests(SOURCE).all_values(ask['snapshot'])
        wanted = (value for value in values if _comes_along(value['path'].partition('/')[0], parts))
        return Fill(SESSION, _objects(SOURCE)).replace(wanted, True)


def _comes_along(top, parts):
    if top in ('logs', 'secrets'):
        return False
    return parts['data'] if top == 'data' else parts['code']


def _manifests(store):
    return Manifests(os.path.join(store, 'manifests'))


def _objects(store):
    return Objects(os.path.join(store, 'objects'))


VERBS = (
    'begin', 'look_paused', 'commit', 'known', 'list', 'read', 'keep_only',
    'forget_copy', 'restore', 'copy',
)


def outcome(server, ask):
    try:
        result = getattr(server, ask['verb'])(ask) if ask['verb'] in VERBS else None
        return {}, result if isinstance(result, bytes) else json.dumps(result).encode()
    except Missing:
        return {'missing': True}, b''
    except Refused as error:
        return dict(zip(('refused', 'message'), error.args)), b''
    except OSError as error:
        return {'errno': error.errno, 'message': error.strerror}, b''
    except Exception as error:
        return {'failed': '%s %s' % (type(error).__name__, error)}, b''


def main():
    server = Server()
    for request in sys.stdin.buffer:
        ask = json.loads(request)
        header, body = outcome(server, ask)
        sys.stdout.buffer.write(json.dumps({'id': ask.get('id', 0), 'bytes': len(body), **header}).encode() + b'\n')
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


if __name__ == '__main__':
    main()
