/** Tells how far a download is that reports nothing itself: by the size of what has arrived. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const interval = 1000; // milliseconds
const quietInterval = 10; // intervals between two lines where the output is no terminal

function bytesBelow(folder) {
  let sum = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) sum += statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size;
    }
  } catch {
    // files come and go while pip works
  }
  return sum;
}

/**
 * Writes a line with megabytes, speed and time left every second: in place on a terminal, else every ten seconds.
 *
 * @param {string} folder what arrives lies below it
 * @param {number} expected bytes, about
 * @returns {() => void} ends it
 */
export function watchDownload(folder, expected, stream = process.stderr) {
  const started = Date.now();
  let rounds = 0;
  const timer = setInterval(() => {
    rounds += 1;
    const bytes = bytesBelow(folder);
    if (bytes === 0 || (!stream.isTTY && rounds % quietInterval !== 0)) return;
    const text = describeDownload(bytes, expected, (Date.now() - started) / 1000);
    stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  }, interval);
  timer.unref();
  return () => {
    clearInterval(timer);
    if (stream.isTTY) stream.write('\r\x1b[K');
  };
}

/** `120 of about 270 MB, 12 MB/s, about 13 s left`. */
export function describeDownload(bytes, expected, seconds) {
  const rate = bytes / Math.max(seconds, 0.001);
  const left = Math.max(0, Math.ceil((expected - bytes) / rate));
  const time = left < 90 ? `${left} s` : `${Math.ceil(left / 60)} min`;
  const megabytes = (value) => Math.round(value / 1e6);
  return `convoy: ${megabytes(bytes)} of about ${megabytes(expected)} MB, ${(rate / 1e6).toFixed(1)} MB/s, about ${time} left`;
}
