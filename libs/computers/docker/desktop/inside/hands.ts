/** Does what a person does with mouse and keyboard. Whatever happens, no key stays down that was pressed here. */
export const HANDS_PROGRAM = String.raw`
BUTTONS = {'left': 1, 'middle': 2, 'right': 3}
WHEEL = {'up': 4, 'down': 5, 'left': 6, 'right': 7}
# Seconds; programs take what is shorter for one event, or miss it.
PRESSED, BETWEEN, CHARACTER, DRAG_REST = 0.006, 0.012, 0.003, 0.04

class Hands:
    def __init__(self, display):
        self.display = display
        self.keyboard = Keyboard(display)
        self.cancelled = threading.Event()
        self.clean = False

    def pause(self, seconds):
        if self.cancelled.wait(seconds):
            raise Aborted()

    def send(self, kind, detail=0, x=0, y=0):
        xtest.fake_input(self.display, kind, detail, x=x, y=y)
        self.display.sync()

    @contextlib.contextmanager
    def alone(self):
        """Another process may use the same hands."""
        with open(RUN + '/hands', 'a') as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self.pause(0.01)
            if not self.clean:
                self.release_forgotten()
            yield

    def release_forgotten(self):
        """Keys that one like this left down when it was killed."""
        for index, bits in enumerate(self.display.query_keymap()):
            for bit in range(8):
                if bits >> bit & 1:
                    self.send(X.KeyRelease, index * 8 + bit)
        self.clean = True

    @contextlib.contextmanager
    def down(self, codes, press=X.KeyPress, release=X.KeyRelease):
        pressed = []
        try:
            for code in codes:
                pressed.append(code)
                self.send(press, code)
            yield
        finally:
            for code in reversed(pressed):
                self.send(release, code)

    def button(self, button):
        return self.down([button], X.ButtonPress, X.ButtonRelease)

    def combination(self, text):
        """Key codes in the order of pressing. Finds out first whether all of them exist."""
        if not text:
            return []
        keysyms = keysyms_of_combination(text)
        self.keyboard.read(self.pause)
        # Shift would make another combination of it.
        self.keyboard.prepare(keysyms, self.pause, plain=True)
        found = [self.keyboard.code(keysym) for keysym in keysyms]
        codes = [code for code, _ in found]
        shift = self.keyboard.codes[SHIFT][0]
        if any(shifted for _, shifted in found) and shift not in codes:
            codes.insert(0, shift)
        return codes

    def move(self, point):
        if point:
            self.send(X.MotionNotify, 0, *point)

    def do_move(self, ask):
        self.move(ask['to'])

    def do_press(self, ask):
        self.send(X.ButtonPress, BUTTONS[ask['button']])

    def do_release(self, ask):
        self.send(X.ButtonRelease, BUTTONS[ask['button']])

    def do_click(self, ask):
        codes = self.combination(ask.get('held'))
        self.move(ask.get('at'))
        with self.down(codes):
            for turn in range(ask['times']):
                if turn:
                    self.pause(BETWEEN)
                with self.button(BUTTONS[ask['button']]):
                    self.pause(PRESSED)

    def do_drag(self, ask):
        codes = self.combination(ask.get('held'))
        (x0, y0), (x1, y1) = ask['from'], ask['to']
        steps = max(8, min(40, round(max(abs(x1 - x0), abs(y1 - y0)) / 16)))
        self.move((x0, y0))
        with self.down(codes):
            with self.button(BUTTONS['left']):
                self.pause(DRAG_REST)
                for step in range(1, steps + 1):
                    self.move((x0 + round((x1 - x0) * step / steps), y0 + round((y1 - y0) * step / steps)))
                    self.pause(0.008)
                self.pause(DRAG_REST)

    def do_scroll(self, ask):
        codes = self.combination(ask.get('held'))
        self.move(ask.get('at'))
        with self.down(codes):
            for _ in range(ask['amount']):
                with self.button(WHEEL[ask['direction']]):
                    pass
                self.pause(0.004)

    def do_type(self, ask):
        text = ask['text'].replace('\r\n', '\n')
        keysyms = [keysym_of_character(character) for character in text]
        self.keyboard.read(self.pause)
        shift = self.keyboard.codes[SHIFT][0]
        for part in list(self.keyboard.parts(keysyms)):
            self.keyboard.prepare(part, self.pause)
            for keysym in part:
                code, shifted = self.keyboard.code(keysym)
                with self.down([shift, code] if shifted else [code]):
                    pass
                self.pause(CHARACTER)

    def do_key(self, ask):
        codes = self.combination(ask['keys'])
        for turn in range(ask['repeat']):
            if turn:
                self.pause(BETWEEN)
            with self.down(codes):
                self.pause(PRESSED)

    def do_hold(self, ask):
        with self.down(self.combination(ask['keys'])):
            self.pause(ask['ms'] / 1000)

    def act(self, ask):
        with self.alone():
            getattr(self, 'do_' + ask['do'])(ask)
`;
