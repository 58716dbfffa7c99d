import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import test from 'ava';
import { type CatalogEntry, catalogEntry } from '../../src/data/catalog.js';
import { downloadDataset, fileAddress } from '../../src/data/download.js';
import { temporaryFolder } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 251));
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const answers = new Map<string, Answer>();
const requests: { url: string; range: string | undefined }[] = [];
const server = createServer((request, response) => {
  requests.push({ url: request.url ?? '', range: request.headers.range });
  (answers.get(request.url ?? '') ?? notThere)(request, response);
});
const notThere: Answer = (_, response) => void response.writeHead(404).end();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('expected a port');
process.env['CONVOY_MIRROR'] = `http://127.0.0.1:${address.port}/mirror/`;
process.env['CONVOY_CACHE'] = folder;
test.after.always(async () => {
  server.close();
  server.closeAllConnections();
  await remove();
});

/** A dataset of one file, with a name of its own so that tests do not meet. */
function dataset(name: string, pinned = sha256): CatalogEntry {
  const like = catalogEntry('mnist');
  if (like === undefined) throw new Error('the catalog has mnist');
  return {
    ...like,
    name,
    files: [{ name: 'data.gz', url: 'https://example.org/data.gz', bytes: content.length, sha256: pinned }],
  };
}

const whole: Answer = (_, response) => void response.writeHead(200).end(content);
const ranged: Answer = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${start}-${content.length - 1}/${content.length}`;
  response
    .writeHead(start === 0 ? 200 : 206, start === 0 ? {} : { 'content-range': range })
    .end(content.subarray(start));
};
function answer(name: string, ...list: Answer[]): void {
  const left = [...list];
  answers.set(`/mirror/${name}/data.gz`, (request, response) =>
    (left.length > 1 ? left.shift() : left[0])?.(request, response),
  );
}

const rangesOf = (name: string) => requests.filter(({ url }) => url.includes(`/${name}/`)).map(({ range }) => range);
const filesOf = (name: string): Promise<string[]> => readdir(path.join(folder, 'datasets', name));

test('a file is downloaded whole, with progress, and not asked for again', async (t) => {
  answer('plain', whole);
  const seen: number[] = [];
  const options = { onProgress: ({ done, total }: { done: number; total: number }) => void seen.push(done / total) };
  const place = await downloadDataset(dataset('plain'), options);
  t.deepEqual(await readFile(path.join(place, 'data.gz')), content);
  t.is(seen.at(-1), 1);
  t.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  await downloadDataset(dataset('plain'), {});
  t.deepEqual(rangesOf('plain'), [undefined]);
});

test('what an earlier run left is continued', async (t) => {
  answer('resumed', ranged);
  const place = path.join(folder, 'datasets', 'resumed');
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, 'data.gz.part'), content.subarray(0, 60_000));
  await downloadDataset(dataset('resumed'), {});
  t.deepEqual(rangesOf('resumed'), ['bytes=60000-']);
  t.deepEqual(await readFile(path.join(place, 'data.gz')), content);
  t.deepEqual(await filesOf('resumed'), ['data.gz']);
});

test('a server without ranges sends the file anew', async (t) => {
  answer('rangeless', whole);
  const place = path.join(folder, 'datasets', 'rangeless');
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, 'data.gz.part'), content.subarray(0, 60_000));
  await downloadDataset(dataset('rangeless'), {});
  t.deepEqual(await readFile(path.join(place, 'data.gz')), content);
});

test('a connection that breaks is taken up where it broke, a failing server is asked again', async (t) => {
  let halfway: ServerResponse | undefined;
  const half: Answer = (_, response) => {
    halfway = response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 50_000));
  };
  answer('breaking', half, (_, response) => void response.writeHead(503).end(), ranged);
  // The first bytes have come: now the connection breaks.
  await downloadDataset(dataset('breaking'), { onProgress: () => halfway?.destroy() });
  const [first, second, third] = rangesOf('breaking');
  t.is(first, undefined);
  t.regex(second ?? '', /^bytes=[1-9]\d*-$/);
  t.is(third, second);
  t.deepEqual(await readFile(path.join(folder, 'datasets', 'breaking', 'data.gz')), content);
});

test('a wrong checksum is refused and nothing is left', async (t) => {
  answer('wrong', whole);
  await t.throwsAsync(downloadDataset(dataset('wrong', '0'.repeat(64)), {}), {
    code: 'CONVOY_DATA',
    message: new RegExp(`/mirror/wrong/data\\.gz: expected SHA-256 0{64} but found ${sha256}$`),
  });
  t.deepEqual(await filesOf('wrong'), []);
});

test('a file longer than the pinned one is stopped', async (t) => {
  answer('long', (_, response) => void response.writeHead(200).end(Buffer.concat([content, content])));
  await t.throwsAsync(downloadDataset(dataset('long'), {}), {
    code: 'CONVOY_DATA',
    message: /expected 100000 bytes but found more$/,
  });
});

test('a server that keeps failing ends with its status', async (t) => {
  answer('failing', (_, response) => void response.writeHead(500).end());
  await t.throwsAsync(downloadDataset(dataset('failing'), {}), {
    code: 'CONVOY_DATA',
    message: /failing\/data\.gz: expected a download but found HTTP status 500$/,
  });
  t.is(rangesOf('failing').length, 3);
});

test('a missing file is not asked for twice', async (t) => {
  await t.throwsAsync(downloadDataset(dataset('missing'), {}), {
    code: 'CONVOY_DATA',
    message: /found HTTP status 404$/,
  });
  t.is(rangesOf('missing').length, 1);
});

test('a signal stops a download and keeps what came', async (t) => {
  answer('stopped', (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 30_000));
  });
  const stop = new AbortController();
  const options = { signal: stop.signal, onProgress: () => stop.abort() };
  await t.throwsAsync(downloadDataset(dataset('stopped'), options), { code: 'CONVOY_ABORTED' });
  t.true((await stat(path.join(folder, 'datasets', 'stopped', 'data.gz.part'))).size > 0);
});

test('without a mirror the address is the official one', (t) => {
  const mirror = process.env['CONVOY_MIRROR'];
  delete process.env['CONVOY_MIRROR'];
  const [file] = dataset('official').files;
  t.is(file && fileAddress(dataset('official'), file), 'https://example.org/data.gz');
  process.env['CONVOY_MIRROR'] = mirror;
});
