// URLs against Node's WHATWG URL (ada): the same serialisation, or failure, for random and mutated input.
//
// usage: node differ_url.mjs DRIVER        needs Node 20 and npm; $SEED, $ROUNDS
//
// Where Node disagrees, the standard's reference implementation (whatwg-url, from npm) is asked. Node 20 (ada 2.9)
// leaves "." in paths after a segment that begins with a dot, does not know the standard's changes since 2024
// ("^" in paths, a space at the end of an opaque path), and takes names that mix directions (RFC 5893).
import { Source, ask, fromNpm, seed, skip } from './differ.mjs';

if (Number(process.versions.node.split('.')[0]) < 20) skip('needs Node 20 or newer');

const SCHEMES = ['http', 'https', 'HTTP', 'ws', 'ftp', 'file', 'mailto', 'data', 'javascript', 'x-y+z.1', '1x', ''];
const MARKS = ['/', '/', '//', '\\', ':', ':', '?', '#', '@', '.', '..', '%', '%2e', '%2E%2e', '%00', '%zz', '%c3%a9', '%',
  '[', ']', '|', '^', '`', '{', '}', '<', '>', '"', "'", ' ', '\t', '\n', '\r', '\0', '\x1f', '\x7f', '&', '=', '+', ';', '~'];
const WORDS = ['a', 'b', 'example', 'com', 'org', 'localhost', '0', '1', '127', '255', '256', '0x7f', '0xffffffff', '017', '08', '4294967295',
  '80', '443', '65535', '65536', '::', '::1', 'ffff', '1.2.3.4', 'C', 'C|', 'xn--', 'xn--fa-hia', 'xn--bcher-kva', 'xn--a',
  'é', 'ß', 'ſ', 'İ', 'ı', 'K', 'ﬁ', '①', '。', '．', '\u00ad', '\u200d', '\u200c', '\u0301', 'א', 'ש1', 'ا', '١', '中国', 'クラウル', 'ё',
  '\ufffd', '\ufeff', '%F0%9F%98%80', '%ff'];
const SEEDS = ['http://user:pass@example.org:8080/a/b/../c/./d?query=1&x=%20#frag', 'https://bücher.example/straße?ü#ß',
  'http://[2001:db8::ff00:42:8329]:80/x', 'http://[::ffff:192.0.2.128]/', 'http://0x7f.1/', 'http://192.168.257/', 'file:///C:/a/../..',
  'file://host/C|/x', '//other.example/p', '/absolute/path', '../up', './', '?only', '#only', '', 'mailto:a@b.example',
  'http:relative', 'https:///three', 'http:\\\\back\\slash', 'javascript:alert(1)', 'data:text/html,<p>', 'http://example.org:00080/',
  'http://a.b.c.d.e.f/%7Euser/%41', 'http://xn--bcher-kva.example/', 'http://日本語。jp/', 'ws://h:443/', 'non-special://h:1/p/../q?x y#z'];
const BASES = [null, null, 'http://example.org/a/b/c?q#f', 'https://host:8443/', 'file:///C:/dir/file', 'file://server/share/', 'mailto:x@y',
  'foo://h/a/b', 'foo:/a/b', 'http://[::1]/x', 'http://user:pw@h/p'];

function makeRandom(source) {
  const scheme = source.of(SCHEMES);
  const start = source.of([scheme + ':', scheme + '://', scheme + '://', 'http://', 'https://', '//', '']);
  return start + source.some(source.below(3) ? [...MARKS, ...WORDS] : WORDS, 0, 10);
}

function mutate(source, text) {
  const points = Array.from(text);
  for (let count = 1 + source.below(4); count > 0; count--) {
    const at = source.below(points.length + 1);
    const action = source.below(4);
    if (action === 0) points.splice(at, 1);
    else if (action === 1) points.splice(at, 0, source.of(MARKS));
    else if (action === 2) points.splice(at, 0, source.of(WORDS));
    else points.splice(at, source.below(4), ...points.slice(source.below(points.length + 1)).slice(0, 5));
  }
  return points.join('');
}

// (Not elsewhere: whatwg-url miscounts user names with characters beyond U+FFFF.)
const makeHost = (source) => `http://${source.some([...WORDS, '😀', '.', '.', '-'], 1, 6)}/`;

function makeQuestion(source) {
  const make = source.of([makeRandom, (s) => mutate(s, s.of(SEEDS)), (s) => mutate(s, mutate(s, s.of(SEEDS))), makeHost]);
  return { input: make(source).toWellFormed(), base: source.of(BASES) };
}

function parse(URL, { input, base }) {
  try {
    return new URL(input, base ?? undefined).href;
  } catch {
    return '-';
  }
}

const hostOf = (href) => (href === '-' ? '' : /^[a-z+.-]+:\/\/([^/?#]*@)?([^/?#:]*)/.exec(href)?.[2] ?? '');

// Where the reference, too, differs from us.
const KNOWN = {
  // url.h: no resolver takes them.
  'have names or labels too long for DNS': (ours, theirs) =>
    ours === '-' && !hostOf(theirs).replace(/\.$/, '').split('.').every((label, _, all) => label.length <= 63 && all.join('.').length <= 253),
  // "domain to ASCII" takes an ASCII name at its word; the suites' cases (toascii.json: "xn--a") have it so.
  'are ASCII names with an xn-- label that is no Punycode': (ours, theirs) =>
    theirs === '-' && hostOf(ours).split('.').some((label) => label.startsWith('xn--') && parse(reference.URL, { input: `http://${label}/` }) === '-'),
};

const reference = (await fromNpm('whatwg-url', '16.0.1', 'index.js')).default;
const source = new Source(seed);
const rounds = Number(process.env.ROUNDS ?? 200000);
const questions = Array.from({ length: rounds }, () => makeQuestion(source));
const answers = ask(questions);
const counts = new Map();
let failing = 0, differing = 0;
questions.forEach((question, i) => {
  const ours = answers[i], theirs = parse(URL, question);
  failing += theirs === '-';
  if (ours === theirs) return;
  const right = parse(reference.URL, question);
  const reason = ours === right ? 'are read as we do by whatwg-url' : Object.keys(KNOWN).find((name) => KNOWN[name](ours, right));
  if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  else if (differing++ < 20) console.log(`--- ${JSON.stringify(question)}\n  ours       ${ours}\n  Node's     ${theirs}\n  whatwg-url ${right}`);
});
console.log(`URLs against Node ${process.versions.node} (ada ${process.versions.ada}), seed ${seed}: ${rounds} URLs, ${failing} of them none, ${differing} differ`);
for (const [reason, count] of counts) console.log(`  ${count} ${reason}`);
process.exit(differing > 0 || failing === rounds ? 1 : 0);
