import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { valueError } from '../../base/errors.js';
import { htmlDocument } from '../html/document.js';
import type { LiveStatus, RunReport } from '../types.js';
import { listRuns, readRunFiles, stampOf } from './run-files.js';

export interface DashboardOptions {
  /** A run folder, or a folder with run folders. */
  readonly root: string;
  /** Of convoy, for the foot of the page. */
  readonly version: string;
  /** Default: 4747, or any free one where that is taken. */
  readonly port?: number | undefined;
  /** Called when somebody presses the button that stops the run; without it there is no button. */
  readonly onStop?: () => void;
  /** Computes scores and pictures of a run that has ended, when somebody asks for them; without it there is no button. */
  readonly gather?: (folder: string, name: string, signal: AbortSignal) => Promise<RunReport>;
}

const usualPort = 4747;
/** Milliseconds between two looks at the files of runs. */
const lookEvery = 1000;
/** Milliseconds after which a connection without news gets a sign of life. */
const signEvery = 15_000;

/** A server of pages about runs, on this machine alone. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #token = randomBytes(18).toString('base64url');
  readonly #listeners = new Set<ServerResponse>();
  readonly #stamps = new Map<string, string>();
  readonly #more = new Map<string, Partial<RunReport>>();
  /** Scores and pictures that were asked for, and the stamp of the files that they are of. */
  readonly #gathered = new Map<string, { readonly stamp: string; readonly more: Partial<RunReport> }>();
  readonly #gathering = new Set<string>();
  readonly #closing = new AbortController();
  #status: LiveStatus | undefined;
  /** The page, which does not change. */
  #html: string | undefined;
  #server: Server | undefined;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: DashboardOptions) {
    this.#options = options;
  }

  /**
   * Starts to listen on 127.0.0.1.
   *
   * @returns the address.
   * @throws ConvoyError `CONVOY_OPTION` where the port that was asked for is taken.
   */
  async start(): Promise<string> {
    const { port } = this.#options;
    const server = createServer((request, response) => {
      this.#answer(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    this.#server = server;
    const listen = (wanted: number): Promise<void> =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(wanted, '127.0.0.1', () => {
          server.off('error', reject);
          resolve();
        });
      });
    await listen(port ?? usualPort).catch(async () => {
      if (port !== undefined) throw valueError('--port', 'a port that no other program listens on', port);
      await listen(0);
    });
    this.#timers = [
      setInterval(() => void this.#look(), lookEvery).unref(),
      setInterval(() => this.#send(': here\n\n'), signEvery).unref(),
    ];
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Tells everybody how far the run is. */
  status(status: LiveStatus): void {
    this.#status = status;
    this.#tell('status', status);
  }

  /** Adds to what the files say of a run. */
  add(name: string, more: Partial<RunReport>): void {
    this.#more.set(name, { ...this.#more.get(name), ...more });
    this.#tell('change', { name });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers) clearInterval(timer);
    for (const listener of this.#listeners) listener.end();
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  get #port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isOwn(request)) {
      response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('This page answers to programs of this machine alone.\n');
      return;
    }
    const url = new URL(request.url ?? '/', this.url);
    const { pathname } = url;
    const read = request.method === 'GET' || request.method === 'HEAD';
    if (pathname === '/api/stop' && request.method === 'POST') return this.#stop(request, response);
    if (pathname === '/api/gather' && request.method === 'POST')
      return this.#gather(request, response, url.searchParams.get('name') ?? '');
    if (!read) return void response.writeHead(405).end();
    if (pathname === '/') return this.#page(response);
    if (pathname === '/api/runs') return json(response, await this.#runs());
    if (pathname === '/api/run') {
      const run = await this.#run(url.searchParams.get('name') ?? '');
      return run === undefined ? void response.writeHead(404).end() : json(response, run);
    }
    if (pathname === '/api/events') return this.#listen(response);
    response.writeHead(404).end();
  }

  /**
   * Whether a request comes from a page of this server, or from a program of this machine: a name that a foreign server
   * gives this machine (DNS rebinding) shows in the host, a foreign page in the origin.
   */
  #isOwn({ headers }: IncomingMessage): boolean {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(headers.host ?? '')) return false;
    const { origin } = headers;
    if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return false;
    const site = headers['sec-fetch-site'];
    return site === undefined || site === 'same-origin' || site === 'none';
  }

  #page(response: ServerResponse): void {
    const { root, version, onStop, gather } = this.#options;
    const name = root.split('/').filter(Boolean).at(-1) ?? 'runs';
    const data = {
      title: name,
      version,
      live: true,
      runs: [],
      token: this.#token,
      stops: onStop !== undefined,
      gathers: gather !== undefined,
    };
    this.#html ??= htmlDocument({ title: `${name} · convoy`, entry: 'live-main.js', data });
    response.writeHead(200, { ...safe, 'content-type': 'text/html; charset=utf-8' }).end(this.#html);
  }

  async #runs(): Promise<RunReport[]> {
    const runs: RunReport[] = [];
    for (const [name, folder] of await listRuns(this.#options.root)) {
      const run = await readRunFiles(folder, name);
      if (run !== undefined) runs.push({ ...run, histograms: [] });
    }
    return runs;
  }

  async #run(name: string): Promise<RunReport | undefined> {
    const folder = (await listRuns(this.#options.root)).get(name);
    const run = folder === undefined ? undefined : await readRunFiles(folder, name);
    if (folder === undefined || run === undefined) return undefined;
    const gathered = this.#gathered.get(name);
    const more = gathered !== undefined && gathered.stamp === (await stampOf(folder)) ? gathered.more : {};
    return { ...run, ...more, ...this.#more.get(name), gathering: this.#gathering.has(name) };
  }

  #listen(response: ServerResponse): void {
    response.writeHead(200, { ...safe, 'content-type': 'text/event-stream' });
    response.write('retry: 2000\n\n');
    if (this.#status !== undefined) response.write(eventOf('status', this.#status));
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
  }

  #hasToken({ headers }: IncomingMessage): boolean {
    const given = Buffer.from(String(headers['x-convoy-token'] ?? ''));
    const own = Buffer.from(this.#token);
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** Begins to compute scores and pictures of a run, one run at a time; the page is told when they are there. */
  async #gather(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    const { root, gather } = this.#options;
    if (gather === undefined || !this.#hasToken(request)) return void response.writeHead(403).end();
    const folder = (await listRuns(root)).get(name);
    if (folder === undefined) return void response.writeHead(404).end();
    if (this.#gathering.size > 0) return void response.writeHead(409).end();
    this.#gathering.add(name);
    const stamp = await stampOf(folder);
    const gathered = gather(folder, name, this.#closing.signal).catch((error: unknown): Partial<RunReport> => {
      return { notes: [`Without scores and pictures: ${error instanceof Error ? error.message : String(error)}`] };
    });
    this.#tell('change', { name });
    json(response, { gathering: true });
    const more = await gathered;
    this.#gathering.delete(name);
    this.#gathered.set(name, { stamp, more });
    this.#tell('change', { name });
  }

  #stop(request: IncomingMessage, response: ServerResponse): void {
    const { onStop } = this.#options;
    if (onStop === undefined || !this.#hasToken(request)) {
      response.writeHead(403).end();
      return;
    }
    onStop();
    json(response, { stopping: true });
  }

  /** Tells of runs whose files have changed; nobody looks while nobody listens. */
  async #look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    for (const [name, folder] of await listRuns(this.#options.root)) {
      const stamp = await stampOf(folder);
      const before = this.#stamps.get(name);
      this.#stamps.set(name, stamp);
      if (before !== undefined && before !== stamp) this.#tell('change', { name });
    }
  }

  #tell(event: string, data: object): void {
    this.#send(eventOf(event, data));
  }

  #send(text: string): void {
    for (const listener of this.#listeners) listener.write(text);
  }
}

const safe = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { ...safe, 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function eventOf(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
