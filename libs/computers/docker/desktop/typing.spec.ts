import { expect, it } from '@jest/globals';
import { type DesktopFixture, describeDesktop } from './testing/desktop.js';

/** Hands over each line that is typed, and notes how often the page was loaded. */
const SERVER = String.raw`
import http.server

PAGE = b'''<!doctype html><meta charset="utf-8"><title>opened</title><style>textarea { position: fixed; inset: 0 }</style><textarea></textarea><script>
const area = document.querySelector('textarea')
area.onclick = () => { document.title = 'ready' }
area.oninput = () => {
  if (!area.value.endsWith('\\n')) return
  fetch('/typed', { method: 'POST', body: area.value })
  area.value = ''
}
</script>'''

class Page(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == '/':
            open('data/loads', 'a').write('loaded\n')
        self.answer(PAGE)

    def do_POST(self):
        text = self.rfile.read(int(self.headers['Content-Length']))
        open('data/typed', 'ab').write(text)
        self.answer(b'')

http.server.HTTPServer(('127.0.0.1', 8000), Page).serve_forever()
`;

const LATIN = 'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŸẞ';
const SIGNS = '¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿×÷€–—‘’‚“”„…•→←↑↓✓✗≤≥≠™‹›−';
const EMOJI = Array.from({ length: 60 }, (_, index) => String.fromCodePoint(0x1f600 + index)).join('');

/** Each has characters that none before it had, so that keys get new ones each time. */
const SENTENCES = [
  '今天天气很好',
  '我们去公园散步',
  '请打开那个文件',
  '会议在下午三点开始',
  '他喜欢喝绿茶',
  '图书馆里非常安静',
  '明年春季旅行计划',
  '这本书值得阅读',
  '火车晚到十分钟',
  '孩子学画蓝色大海',
  '医院旁边有银行',
  '新鲜水果放冰箱',
  '猫睡沙发上面',
  '密码错误重试',
  '雨停就出发吧',
  '老师讲历史故事',
  '房间需要整理',
  '报告已经完成',
  '音乐声太响',
  '谢谢您帮助',
];

await describeDesktop('typing into a browser', (fixture) => {
  it('brings every character of every kind exactly, and presses no key that a browser knows', async () => {
    const id = await opened(fixture);
    const texts = [LATIN, SIGNS, EMOJI, SIGNS];
    expect(await typed(fixture, id, texts)).toEqual(texts);
    expect(await fixture.output(id, 'cat data/loads')).toBe('loaded\n');
  }, 60_000);

  it('brings the first characters of texts with new ones', async () => {
    const id = await opened(fixture);
    expect(await typed(fixture, id, SENTENCES)).toEqual(SENTENCES);
  }, 60_000);
});

/** A session whose browser shows the page. */
async function opened(fixture: DesktopFixture): Promise<string> {
  const id = await fixture.running();
  await fixture.computers.writeFile(id, 'code/server.py', SERVER);
  await fixture.computers.pointer(id);
  await fixture.output(id, 'python3 code/server.py >logs/server.log 2>&1 & touch data/typed');
  await fixture.until(id, 'curl -sf http://127.0.0.1:8000/other');
  await fixture.output(id, 'browser http://127.0.0.1:8000/ >/dev/null 2>&1 &');
  await fixture.until(id, 'wmctrl -l | grep -q "opened - Chromium"');

  // The page takes clicks some time after its title is there.
  await fixture.until(id, 'xdotool mousemove 640 400 click 1; wmctrl -l | grep -q "ready - Chromium"');
  return id;
}

async function typed(fixture: DesktopFixture, id: string, texts: readonly string[]): Promise<string[]> {
  for (const text of texts) {
    await fixture.do(id, { do: 'type', text }, { do: 'key', keys: 'Return', repeat: 1 });
  }
  await fixture.until(id, `[ "$(wc -l <data/typed)" -ge ${texts.length} ]`);
  return (await fixture.output(id, 'cat data/typed')).split('\n').slice(0, -1);
}
