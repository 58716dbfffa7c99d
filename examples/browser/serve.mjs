// Serves a page on which you draw a digit, and the network of a run classifies it in the browser:
// node examples/browser/serve.mjs runs/mnist-cnn-1
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [run, port = '8080'] = process.argv.slice(2);
if (run === undefined || !existsSync(path.join(run, 'model/model.json'))) {
  console.error('Usage: node serve.mjs RUN [PORT]; RUN is the folder of a run on mnist that has ended');
  process.exit(2);
}
const here = path.dirname(fileURLToPath(import.meta.url));
const tfjs = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs/package.json'));
const files = {
  '/': ['text/html; charset=utf-8', path.join(here, 'index.html')],
  '/tf.min.js': ['text/javascript', path.join(tfjs, 'dist/tf.min.js')],
  '/model.json': ['application/json', path.join(run, 'model/model.json')],
  '/weights.bin': ['application/octet-stream', path.join(run, 'model/weights.bin')],
  '/record.json': ['application/json', path.join(run, 'record.json')],
};
const server = createServer(({ url = '/' }, response) => {
  const found = files[url];
  response.writeHead(found ? 200 : 404, { 'content-type': found?.[0] ?? 'text/plain' });
  if (found) createReadStream(found[1]).pipe(response);
  else response.end('not found');
});
server.listen(Number(port), '127.0.0.1', () => console.log(`draw a digit: http://127.0.0.1:${server.address().port}/`));
