/**
 * Reads the picture of the screen from the file in which the X server keeps it: no request, no copy over a socket. The
 * pointer is drawn in it.
 */
export const SCREEN_PROGRAM = String.raw`
WIDTH, HEIGHT = 1280, 720
PICTURE = RUN + '/Xvfb_screen0'
QUALITY = 75

def picture():
    with open(PICTURE, 'rb') as file:
        raw = file.read()
    # An X window dump: 25 numbers, a table of colors, then rows of blue, green, red and one unused byte.
    header = struct.unpack('>25I', raw[:100])
    start, width, height, stride = header[0] + header[19] * 12, header[4], header[5], header[12]
    if (width, height) != (WIDTH, HEIGHT):
        raise Failed('desktop_failed', 'The screen is %d x %d pixels instead of %d x %d.' % (width, height, WIDTH, HEIGHT))
    return Image.frombytes('RGB', (width, height), raw[start:start + stride * height], 'raw', 'BGRX', stride, 1)

def screenshot(region):
    image = picture()
    if region:
        x0, y0, x1, y1 = region
        scale = min(WIDTH / (x1 - x0), HEIGHT / (y1 - y0))
        size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
        image = image.crop(region).resize(size, Image.BICUBIC)
    jpeg = io.BytesIO()
    # Without color subsampling: thin colored text stays readable, and it is the faster way here.
    image.save(jpeg, 'JPEG', quality=QUALITY, subsampling=0)
    return image.size, jpeg.getvalue()

def check_screenshot():
    _, jpeg = screenshot(None)
    decoded = Image.open(io.BytesIO(jpeg))
    decoded.load()
    if decoded.size != (WIDTH, HEIGHT):
        raise Failed('desktop_failed', 'A screenshot of the new screen has the wrong size.')
`;
