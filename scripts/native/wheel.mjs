/**
 * Reads members of a wheel, which is a zip file (PKWARE APPNOTE 4.3), as streams: one member of TensorFlow's is 788 MB.
 */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

const endRecord = 0x06054b50;
const centralRecord = 0x02014b50;
const endRecordBytes = 22;
const longestComment = 0xffff;

/** A zip file opened for reading. */
export class Wheel {
  #file;
  /** @type {Map<string, {offset: number, packed: number, size: number, crc: number, method: number}>} */
  #members;

  constructor(file, members) {
    this.#file = file;
    this.#members = members;
  }

  /** Reads the directory of the file; throws where it is not a zip file that this can read. */
  static async open(file) {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, endRecordBytes + longestComment));
      await handle.read(tail, 0, tail.length, size - tail.length);
      let end = tail.length - endRecordBytes;
      while (end >= 0 && tail.readUInt32LE(end) !== endRecord) end--;
      if (end < 0) throw new Error(`${file}: expected a zip file but found no end record`);
      const count = tail.readUInt16LE(end + 10);
      const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
      const { bytesRead } = await handle.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
      if (bytesRead !== directory.length) throw new Error(`${file}: expected a whole directory but it is cut short`);
      return new Wheel(file, readDirectory(file, directory, count));
    } finally {
      await handle.close();
    }
  }

  has(name) {
    return this.#members.has(name);
  }

  /** A small member in memory. */
  async read(name) {
    const chunks = [];
    await this.#stream(name, async (source) => {
      for await (const chunk of source) chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  }

  /** Writes a member to `target`, whose folder is made. */
  async extract(name, target) {
    mkdirSync(path.dirname(target), { recursive: true });
    await this.#stream(name, createWriteStream(target));
  }

  async #stream(name, sink) {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`${this.#file}: expected ${name} in it but found none`);
    const handle = await open(this.#file);
    const header = Buffer.alloc(30);
    await handle.read(header, 0, 30, member.offset).finally(() => handle.close());
    const start = member.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    let sum = 0;
    let size = 0;
    const check = new Transform({
      transform(chunk, _encoding, done) {
        sum = crc32(chunk, sum);
        size += chunk.length;
        done(null, chunk);
      },
      flush(done) {
        const whole = sum === member.crc && size === member.size;
        done(whole ? null : new Error(`${name}: expected ${member.size} bytes as packed but found it damaged`));
      },
    });
    const source =
      member.packed === 0
        ? [Buffer.alloc(0)]
        : createReadStream(this.#file, { start, end: start + member.packed - 1, highWaterMark: 1 << 20 });
    await pipeline(member.method === 0 ? [source, check, sink] : [source, createInflateRaw(), check, sink]);
  }
}

function readDirectory(file, directory, count) {
  const members = new Map();
  for (let at = 0, left = count; left > 0; left--) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== centralRecord) {
      throw new Error(`${file}: expected ${count} members but its directory ends after ${count - left}`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    const member = {
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    };
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    if (member.method === 0 || member.method === 8) members.set(name, member);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return members;
}

/**
 * Names of the headers that `roots` include, directly or not, below `prefix` in the wheel: a few dozen of thousands.
 */
export async function includedHeaders(wheel, prefix, roots) {
  const found = new Set();
  const open = [...roots];
  for (let header = open.pop(); header !== undefined; header = open.pop()) {
    if (found.has(header) || !wheel.has(prefix + header)) continue;
    found.add(header);
    const text = (await wheel.read(prefix + header)).toString('utf8');
    for (const [, name] of text.matchAll(/^\s*#\s*include\s*["<]([^">]+)[">]/gm)) {
      open.push(path.posix.normalize(name), path.posix.join(path.posix.dirname(header), name));
    }
  }
  return [...found].filter((header) => !header.startsWith('..'));
}
