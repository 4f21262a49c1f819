/**
 * Names of keys and characters as key codes. What the keyboard lacks is put on spare codes, and stays there as long as
 * possible: a program that reads a key late must still find the same character on it.
 */
export const KEYBOARD_PROGRAM = String.raw`
KEYS = range(8, 135)
# Codes of multimedia keys that this keyboard does not have; 203 to 207 are modifiers.
PRESET, SPARE = range(135, 203), range(208, 256)
# Long enough for a busy program to have read what was typed.
SETTLE = 0.4
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
    pairs = [(c, c - 32) for c in range(0xe0, 0xff) if c != 0xf7] + [(0xff, 0x1000178), (0xdf, 0x1001e9e)]
    signs = list(range(0xa0, 0xc0)) + [0xd7, 0xf7]
    signs += [0x1000000 | ord(c) for c in '€–—‘’‚“”„…•→←↑↓✓✗≤≥≠™‹›−']
    return (pairs + list(zip(signs[::2], signs[1::2])))[:len(PRESET)]

class Keyboard:
    def __init__(self, display):
        self.display = display
        self.used = {}

    def read(self):
        rows = self.display.get_keyboard_mapping(8, 248)
        preset = preset_rows()
        if tuple(rows[PRESET[0] - 8])[:2] != preset[0]:
            padded = preset + [(0, 0)] * (len(PRESET) - len(preset))
            self.display.change_keyboard_mapping(PRESET[0], padded)
            self.display.change_keyboard_mapping(SPARE[0], [(0, 0)] * len(SPARE))
            self.display.sync()
            rows = self.display.get_keyboard_mapping(8, 248)
        self.codes = {}
        for code in (*KEYS, *PRESET, *SPARE):
            for level in (0, 1):
                keysym = rows[code - 8][level]
                if keysym:
                    self.codes.setdefault(keysym, (code, level == 1))
        self.spare = {code: rows[code - 8][0] for code in SPARE}

    def prepare(self, keysyms, pause):
        """Puts what is missing on spare codes; keysyms has no more different ones than there are such codes."""
        missing = [keysym for keysym in dict.fromkeys(keysyms) if keysym not in self.codes]
        if not missing:
            return
        wanted = set(keysyms)
        free = sorted((code for code in SPARE if self.spare[code] not in wanted), key=lambda code: (
            self.spare[code] != 0, self.used.get(code, 0)))[:len(missing)]
        recent = max(self.used.get(code, 0) for code in free) + SETTLE - time.monotonic()
        if recent > 0:
            pause(recent)
        for code, keysym in zip(free, missing):
            self.codes.pop(self.spare[code], None)
            self.spare[code] = keysym
            self.codes[keysym] = (code, False)
        self.display.change_keyboard_mapping(SPARE[0], [(self.spare[code], self.spare[code]) for code in SPARE])
        self.display.sync()

    def code(self, keysym):
        code, shifted = self.codes[keysym]
        self.used[code] = time.monotonic()
        return code, shifted

    def parts(self, keysyms):
        """Splits a long text so that the spare codes suffice for each part."""
        part, new = [], set()
        for keysym in keysyms:
            if keysym not in self.codes or self.codes[keysym][0] in self.spare:
                if keysym not in new and len(new) == len(SPARE):
                    yield part
                    part, new = [], set()
                new.add(keysym)
            part.append(keysym)
        if part:
            yield part
`;
