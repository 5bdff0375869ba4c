// What the differential checks in JavaScript share: repeatable randomness, our driver, the verdict.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

/** Random numbers by mulberry32: the same for the same seed. */
export class Source {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** An integer below `end`. */
  below(end) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let bits = this.state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % end;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  /** Between `least` and `most` of them, joined. */
  some(list, least, most) {
    return Array.from({ length: least + this.below(most - least + 1) }, () => this.of(list)).join('');
  }
}

export const seed = Number(process.env.SEED ?? 3986);

/** Our answers, a line each. */
export function ask(questions) {
  const input = questions.map((question) => JSON.stringify(question) + '\n').join('');
  const ran = spawnSync(process.argv[2], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (ran.status !== 0) throw new Error(`${process.argv[2]}: ${ran.status ?? ran.error} ${ran.stderr}`);
  return ran.stdout.split('\n').slice(0, questions.length);
}

/** A package from npm, in a folder that goes with this process. */
export async function fromNpm(name, version, entry) {
  const folder = mkdtempSync(join(tmpdir(), 'crawld-differ-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const options = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=0', '--prefix', folder, `${name}@${version}`];
  const ran = spawnSync('npm', options, { encoding: 'utf8', timeout: 60000 });
  if (ran.status !== 0) skip(`needs ${name} from npm: ${ran.error ?? ran.stderr.split('\n')[0]}`);
  return import(pathToFileURL(join(folder, 'node_modules', name, entry)));
}
