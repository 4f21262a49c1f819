/**
 * Names of keys and characters as key codes. What the keyboard lacks is put on spare ones, and stays there as long as
 * possible: a program that reads a key late must still find the same character on it.
 */
export const KEYBOARD_PROGRAM = String.raw`
KEYS = range(8, 135)
# Codes of keys that this keyboard does not have; 203 to 207 are modifiers. What is on them is replaced in one go, but
# only some get a character: a browser takes a key that it knows by its code for what that key does, whatever character
# is on it (back, forward, reload, home, search, volume). It knows none of these, but for F13 to F24, which do nothing.
LOW, HIGH = range(135, 203), range(208, 256)
PRESET = (138, 149, 153, 154, 156, 157, 161, 162, 165, 168, 170, 178, *range(183, 187), *range(191, 203))
SPARE = (210, 211, 220, 221, 222, 224, 226, 228, 229, 230, 234, 244, 245, *range(247, 252), 253, 254, 255)
# Long enough for a busy program to have read what was typed.
SETTLE = 0.4
# A program hears of new characters on keys by an event, and a toolkit in it by another one on a connection of its own,
# which nothing outside can wait for. Measured in Chromium: without a wait the first character was the old one in 9 of
# 30 texts, with this one in none of 20.
LEARN = 0.1
# For a program that is too busy to answer.
ANSWERS = 2
SHIFT = 0xffe1

ALIASES = {
    'ctrl': 'Control_L', 'control': 'Control_L', 'alt': 'Alt_L', 'option': 'Alt_L', 'shift': 'Shift_L',
    'super': 'Super_L', 'cmd': 'Super_L', 'command': 'Super_L', 'win': 'Super_L', 'windows': 'Super_L',
    'meta': 'Super_L', 'altgr': 'ISO_Level3_Shift', 'enter': 'Return', 'esc': 'Escape', 'del': 'Delete',
    'ins': 'Insert', 'pageup': 'Prior', 'pgup': 'Prior', 'pagedown': 'Next', 'pgdn': 'Next', 'pgdown': 'Next',
    'arrowup': 'Up', 'arrowdown': 'Down', 'arrowleft': 'Left', 'arrowright': 'Right', 'capslock': 'Caps_Lock',
    'spacebar': 'space', 'printscreen': 'Print', 'dash': 'minus', 'hyphen': 'minus', 'dot': 'period',
}
LOWER = {name[3:].lower(): name[3:] for name in sorted(dir(XK), reverse=True) if name.startswith('XK_')}
library = ctypes.CDLL('libX11.so.6')
library.XStringToKeysym.restype = ctypes.c_ulong

def keysym_of_character(character):
    code = ord(character)
    if character in '\n\r':
        return 0xff0d
    if character == '\t':
        return 0xff09
    if code < 0x20 or 0x7f <= code < 0xa0 or 0xd800 <= code < 0xe000:
        raise Failed('command_refused', 'The text has the character U+%04X, which cannot be typed.' % code)
    return code if code < 0x100 else 0x1000000 | code

def keysym_of_name(name):
    if len(name) == 1:
        return keysym_of_character(name)
    lower = name.lower()
    for candidate in (ALIASES.get(lower), name, LOWER.get(lower)):
        keysym = candidate and library.XStringToKeysym(candidate.encode())
        if keysym:
            return keysym
    raise Failed('command_refused', 'There is no key "%s". Use names of X11 such as Return, Page_Down, F5, ctrl+l.' % name)

def keysyms_of_combination(text):
    # In "ctrl++" the last key is the plus itself.
    names = text[:-1].split('+')[:-1] + ['plus'] if text.endswith('++') else ['plus'] if text == '+' else text.split('+')
    if any(name.strip() == '' for name in names):
        raise Failed('command_refused', 'The keys "%s" are not a combination such as ctrl+shift+t.' % text)
    names = [name.strip() for name in names]
    if len(names) > 1:
        # Of a combination, "ctrl+C" means the key with the letter.
        names = [name.lower() if len(name) == 1 else name for name in names]
    return [keysym_of_name(name) for name in names]

def preset_rows():
    pairs = [(0xdf, 0x1001e9e)] + [(c, c - 32) for c in range(0xe0, 0xff) if c != 0xf7]
    return pairs[:len(PRESET)]

class Keyboard:
    """A place for a character is a code and whether it takes Shift."""
    def __init__(self, display):
        self.display = display
        self.used = {}
        self.ping = display.intern_atom('_NET_WM_PING')

    def put(self, codes, rows):
        self.display.change_keyboard_mapping(codes[0], [rows.get(code, (0, 0)) for code in codes])

    def read(self, pause):
        rows = self.display.get_keyboard_mapping(8, 248)
        preset = preset_rows()
        if tuple(rows[PRESET[0] - 8])[:2] != preset[0]:
            self.put(LOW, dict(zip(PRESET, preset)))
            self.put(HIGH, {})
            self.let_learn(pause)
            rows = self.display.get_keyboard_mapping(8, 248)
        self.codes, self.spare = {}, {}
        for code in SPARE:
            low, high = rows[code - 8][:2]
            # The same on both means that the second one is free.
            self.spare[code, False], self.spare[code, True] = low, 0 if high == low else high
        for code in (*KEYS, *PRESET):
            for level in (0, 1):
                keysym = rows[code - 8][level]
                if keysym:
                    self.codes.setdefault(keysym, (code, level == 1))
        for place, keysym in self.spare.items():
            if keysym:
                self.codes.setdefault(keysym, place)

    def prepare(self, keysyms, pause, plain=False):
        """Puts what is missing on spare places, without Shift if it is to be plain; they are enough for keysyms."""
        missing = [keysym for keysym in dict.fromkeys(keysyms) if keysym not in self.codes or (
            plain and self.codes[keysym][1] and self.codes[keysym] in self.spare)]
        if not missing:
            return
        wanted = set(keysyms)
        free = [place for place in self.spare if self.spare[place] not in wanted and not (plain and place[1])]
        free.sort(key=lambda place: (self.spare[place] != 0, self.used.get(place, 0), place[1]))
        places = free[:len(missing)]
        recent = max(self.used.get(place, 0) for place in places) + SETTLE - time.monotonic()
        if recent > 0:
            pause(recent)
        for place, keysym in zip(places, missing):
            self.codes.pop(self.spare[place], None)
            self.spare[place] = keysym
            self.codes[keysym] = place
        self.put(HIGH, {code: (self.spare[code, False], self.spare[code, True] or self.spare[code, False])
                        for code in SPARE})
        self.let_learn(pause)

    def let_learn(self, pause):
        self.display.sync()
        self.await_answer(pause)
        pause(LEARN)

    def await_answer(self, pause):
        """Until the program of the active window has taken what the X server has sent it so far, if it can say so."""
        root = self.display.screen().root
        active = root.get_full_property(self.display.intern_atom('_NET_ACTIVE_WINDOW'), X.AnyPropertyType)
        if not active or not active.value or not active.value[0]:
            return
        window = self.display.create_resource_object('window', active.value[0])
        protocols = self.display.intern_atom('WM_PROTOCOLS')
        supported = window.get_full_property(protocols, X.AnyPropertyType)
        if not supported or self.ping not in supported.value:
            return
        nonce = int.from_bytes(os.urandom(4), 'big')
        root.change_attributes(event_mask=X.SubstructureNotifyMask)
        window.send_event(ClientMessage(window=window, client_type=protocols,
                                        data=(32, [self.ping, nonce, window.id, 0, 0])))
        self.display.flush()
        patience = time.monotonic() + ANSWERS
        while not self.answered(nonce) and time.monotonic() < patience:
            pause(0.002)
        root.change_attributes(event_mask=0)

    def answered(self, nonce):
        events = [self.display.next_event() for _ in range(self.display.pending_events())]
        return any(event.type & 0x7f == X.ClientMessage and list(event.data[1])[:2] == [self.ping, nonce]
                   for event in events)

    def code(self, keysym):
        place = self.codes[keysym]
        self.used[place] = time.monotonic()
        return place

    def parts(self, keysyms):
        """Splits a long text so that the spare places suffice for each part."""
        part, new = [], set()
        for keysym in keysyms:
            if keysym not in self.codes or self.codes[keysym] in self.spare:
                if keysym not in new and len(new) == len(self.spare):
                    yield part
                    part, new = [], set()
                new.add(keysym)
            part.append(keysym)
        if part:
            yield part
`;
