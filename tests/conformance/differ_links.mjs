// Links against parse5 (from npm), a tree builder by the HTML Standard: the same set of (element, URL) for random
// tag soup and for the pages of Debian's doc packages.
//
// We keep no stack of open elements, so the generator stays away from what only a stack decides: <frame> outside of a
// frameset, a form in a form, most tags within <select>, an <svg> that is not closed; and from MathML.
//
// usage: node differ_links.mjs DRIVER        needs Node 20 and npm; $SEED, $ROUNDS, $PAGES
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Source, ask, fromNpm, seed, skip } from './differ.mjs';

if (Number(process.versions.node.split('.')[0]) < 20) skip('needs Node 20 or newer');

const BASE = 'http://base.example/dir/page.html';
const DOCS = ['/usr/share/doc/python3-doc/html', '/usr/share/doc/postgresql-doc-15/html'];
const URLS = { a: ['href'], area: ['href'], link: ['href'], img: ['src'], source: ['src'], iframe: ['src'], frame: ['src'], script: ['src'],
  video: ['src', 'poster'], audio: ['src'], embed: ['src'], track: ['src'], input: ['src'], object: ['data'], form: ['action'] };

// ---- what parse5 sees ----

const attribute = (node, name) => node.attrs?.find((a) => a.name === name && !a.prefix)?.value;
const isHtml = (node) => node.namespaceURI === 'http://www.w3.org/1999/xhtml';

function* elements(node) {
  const stack = [node];
  for (let top; (top = stack.pop());) {
    if (top.tagName !== undefined) yield top;
    for (const child of [...(top.content?.childNodes ?? []), ...(top.childNodes ?? [])].reverse()) stack.push(child);
  }
}

function resolve(url, base) {
  try {
    const found = new URL(url, base);
    if (!/^https?:$/.test(found.protocol)) return null;
    found.hash = found.username = found.password = '';
    return found.href;
  } catch {
    return null;
  }
}

function baseOf(all, base) {
  for (const node of all) {
    const href = node.tagName === 'base' && isHtml(node) ? attribute(node, 'href') : undefined;
    const found = href === undefined ? null : resolve(href, base);
    if (found !== null) return found;
  }
  return base;
}

function theirLinks(document, base) {
  const all = [...elements(document)], from = baseOf(all, base), links = new Set();
  for (const node of all) {
    for (const name of (isHtml(node) && URLS[node.tagName]) || []) {
      const value = attribute(node, name), url = value === undefined ? null : resolve(value, from);
      if (url !== null) links.add(`${node.tagName} ${url}`);
    }
  }
  return links;
}

// ---- what is asked ----

const TAGS = [...Object.keys(URLS).filter((name) => !['frame', 'form'].includes(name)), 'a', 'a', 'img', 'div', 'p', 'b', 'i', 'span', 'table', 'tr', 'td', 'tbody', 'caption', 'option',
  'ul', 'li', 'title', 'textarea', 'style', 'script', 'noscript', 'template', 'head', 'body',
  'html', 'base', 'button', 'h1', 'pre', 'br', 'hr', 'nobr', 'font', 'x-y', 'A', 'Img'];
const NAMES = ['href', 'src', 'poster', 'data', 'action', 'HREF', 'Src', 'id', 'class', 'data-x', 'href', 'src', '=x', '"', "'a"];
const VALUES = ['x', '/y', '../z?q=1', 'http://other.example/p', '//h/i', '?q', '#f', '', ' spaced ', 'a&amp;b', 'a&#x2f;b', '&notit;', '&lt', 'é', 'mailto:a@b',
  'javascript:x', 'http://[bad', 'a>b', 'new\nline', 'tab\tbed', 'back\\slash', '%zz', 'a b'];
const TEXTS = ['text', ' ', '\n', '&amp;', '<', '>', '</', '<!', '<?', '<!---->', '<!-- c --> ', '<!-->', '<!-- <a href=no> -->', '<!--x--!>', '<!DOCTYPE html>', '<![CDATA[x]]>',
  '<![CDATA[<a href=c>]]>', '<?php x ?>', '</>', '</ x>', '<3', '\0', '-->', ']]>', '"', "'", '=',
  '<svg><a href=s></a><title>t</title><path d="x"/></svg>', '<svg><style>a<b</style><foreignObject><a href=o></a></foreignObject></svg>'];

function makeAttribute(source) {
  const value = source.of(VALUES), name = source.of(NAMES), space = source.of([' ', ' ', ' ', '\n', '\t', '/', '']);
  return space + source.of([`${name}="${value.replaceAll('"', '')}"`, `${name}='${value.replaceAll("'", '')}'`, `${name}=${value}`, `${name} = "${value}"`, name]);
}

function makeToken(source) {
  const tag = source.of(TAGS);
  switch (source.below(8)) {
    case 0: case 1: case 2: case 3: return `<${tag}${Array.from({ length: source.below(4) }, () => makeAttribute(source)).join('')}${source.of(['>', '>', '>', ' >', '/>', ''])}`;
    case 4: case 5: return `</${tag}${source.of(['', '', ' ', ' href=x'])}>`;
    default: return source.some(TEXTS, 1, 3);
  }
}

const makeSoup = (source) => Array.from({ length: 1 + source.below(20) }, () => makeToken(source)).join('');

function* pagesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* pagesUnder(path);
    else if (/\.html?$/.test(entry.name)) yield path;
  }
}

// ---- the comparison ----

const { parse } = await fromNpm('parse5', '7.3.0', 'dist/index.js');

function compare(questions, labels) {
  const counts = { pages: questions.length, links: 0, differing: 0 };
  ask(questions).forEach((answer, i) => {
    const ours = new Set(JSON.parse(answer)), theirs = theirLinks(parse(questions[i].html, { scriptingEnabled: false }), questions[i].base);
    const missed = [...theirs].filter((link) => !ours.has(link)), invented = [...ours].filter((link) => !theirs.has(link));
    counts.links += theirs.size;
    if (missed.length + invented.length === 0) return;
    if (counts.differing++ < 10) console.log(`--- ${labels(i)}\n  missed   ${JSON.stringify(missed)}\n  invented ${JSON.stringify(invented)}`);
  });
  return counts;
}

const source = new Source(seed);
const soups = Array.from({ length: Number(process.env.ROUNDS ?? 20000) }, () => ({ html: makeSoup(source), base: BASE }));
const soup = compare(soups, (i) => JSON.stringify(soups[i].html));
const all = DOCS.filter(existsSync).flatMap((folder) => [...pagesUnder(folder)]);
const step = Math.max(1, Math.ceil(all.length / Number(process.env.PAGES ?? 1000)));
const paths = all.filter((_, i) => i % step === 0);
const pages = compare(paths.map((path) => ({ html: readFileSync(path, 'utf8'), base: BASE })), (i) => paths[i]);
console.log(`links against parse5, seed ${seed}: ${soup.pages} soups with ${soup.links} links, ${soup.differing} differ; ` +
  `${pages.pages} pages with ${pages.links} links, ${pages.differing} differ`);
process.exit(soup.differing + pages.differing > 0 || soup.links === 0 ? 1 : 0);
