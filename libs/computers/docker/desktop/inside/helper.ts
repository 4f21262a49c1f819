import { HANDS_PROGRAM } from './hands.js';
import { KEYBOARD_PROGRAM } from './keyboard.js';
import { SCREEN_PROGRAM } from './screen.js';

const BEGINNING = String.raw`
import sys
# Of the packages of the system only: what a session installs for itself must not change this program.
sys.path.append('/usr/lib/python3/dist-packages')
import contextlib, ctypes, fcntl, io, json, os, queue, struct, subprocess, threading, time

RUN = '/dev/shm/raworc-desktop'
START = '/usr/local/bin/start-desktop'
# What is opened on the screen finds what the session has installed.
os.environ['PATH'] = '/session/.local/bin:' + os.environ['PATH']

class Failed(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message

class Aborted(Exception):
    pass

writing = threading.Lock()

def answer(id, header, body=b''):
    with writing:
        sys.stdout.buffer.write(json.dumps({'id': id, 'bytes': len(body), **header}).encode() + b'\n' + body)
        sys.stdout.buffer.flush()

try:
    from PIL import Image
    from Xlib import X, XK
    from Xlib.display import Display
    from Xlib.error import DisplayError, ConnectionClosedError, XError
    from Xlib.ext import xtest
    from Xlib.protocol.event import ClientMessage
except ImportError as error:
    answer(0, {'failed': 'no_desktop', 'message': 'The image of this computer has no desktop: %s.' % error})
    sys.exit(1)
`;

const LOOP = String.raw`
BROKEN = (DisplayError, ConnectionClosedError, OSError, XError)

class Desktop:
    def __init__(self):
        self.eyes = self.hands = None
        self.work = queue.Queue()
        self.doing = {}
        self.worker = threading.Thread(target=self.do_work, daemon=True)
        self.worker.start()

    def alive(self):
        try:
            root = self.eyes.screen().root
            child = root.get_full_property(self.manager, X.AnyPropertyType)
            window = self.eyes.create_resource_object('window', child.value[0])
            return window.get_full_property(self.manager, X.AnyPropertyType) is not None
        except (*BROKEN, AttributeError):
            return False

    def ensure(self):
        if self.eyes and self.alive():
            return
        self.eyes = self.hands = None
        started = subprocess.run([START], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, timeout=45)
        if started.returncode != 0:
            why = started.stdout.decode('utf-8', 'replace').strip() or 'no reason given'
            code = 'no_desktop' if started.returncode == 127 else 'desktop_failed'
            raise Failed(code, 'The desktop does not start: ' + why)
        check_screenshot()
        self.eyes = Display(':1')
        self.manager = self.eyes.intern_atom('_NET_SUPPORTING_WM_CHECK')
        self.hands = Hands(Display(':1'))

    def do_work(self):
        while True:
            id, hands, action = self.work.get()
            with replying(id):
                try:
                    if id in self.doing:
                        hands.cancelled = self.doing[id]
                        if hands.cancelled.is_set():
                            raise Aborted()
                        hands.act(action)
                    answer(id, {})
                finally:
                    self.doing.pop(id, None)

    def take(self, ask):
        id = ask['id']
        with replying(id):
            self.ensure()
            if ask['verb'] == 'screenshot':
                (width, height), jpeg = screenshot(ask.get('region'))
                answer(id, {'width': width, 'height': height}, jpeg)
            elif ask['verb'] == 'pointer':
                at = self.eyes.screen().root.query_pointer()
                answer(id, {'x': at.root_x, 'y': at.root_y})
            else:
                self.doing[id] = threading.Event()
                self.work.put((id, self.hands, ask['action']))

    def cancel(self, id):
        event = self.doing.get(id)
        if event:
            event.set()

    def end(self):
        for event in list(self.doing.values()):
            event.set()
        patience = time.monotonic() + 2
        while self.doing and time.monotonic() < patience:
            time.sleep(0.01)

@contextlib.contextmanager
def replying(id):
    try:
        yield
    except Aborted:
        answer(id, {'failed': 'aborted', 'message': 'It was aborted.'})
    except Failed as error:
        answer(id, {'failed': error.code, 'message': error.message})
    except FileNotFoundError as error:
        answer(id, {'failed': 'no_desktop', 'message': 'The image of this computer has no desktop: %s.' % error})
    except Exception as error:
        answer(id, {'failed': 'desktop_failed', 'message': 'The desktop does not work: %s %s' % (
            type(error).__name__, error)})

desktop = Desktop()
for line in sys.stdin.buffer:
    ask = json.loads(line)
    if 'cancel' in ask:
        desktop.cancel(ask['cancel'])
    else:
        desktop.take(ask)
desktop.end()
`;

/**
 * Stays in the container as long as its input is open: takes requests as lines of JSON and answers each with a line of
 * JSON that says how many bytes follow. Starts the desktop when there is none.
 */
export const HELPER = [BEGINNING, SCREEN_PROGRAM, KEYBOARD_PROGRAM, HANDS_PROGRAM, LOOP].join('');
