import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ConvoyError } from '../base/errors.js';

// Compiled files lie in dist/src/export, scripts beside dist.
const script = fileURLToPath(new URL('../../../scripts/check-export.py', import.meta.url));

/** What is run in Python. */
export interface PythonCheck {
  readonly format: string;
  /** Folder of the export. */
  readonly folder: string;
  /** The code that uses it, as it is printed. */
  readonly code: string;
  /** [n, height, width, channels]. */
  readonly images: { readonly data: Uint8Array | Float32Array; readonly shape: readonly number[] };
  /** Weights to give back, of a format that is no model. */
  readonly names?: readonly string[];
}

/** A Python process that runs exports one after the other. */
export class PythonRunner {
  readonly #python: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  /** Python's last words, where it ends. */
  readonly #words: Promise<string>;

  /** @param python the interpreter. */
  constructor(python: string) {
    this.#python = python;
    this.#child = spawn(python, ['-B', script], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new TypeError('a child without its streams');
    stdin.on('error', () => undefined); // the child's end tells what is wrong
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#words = new Promise((tell) => {
      let text = '';
      stderr.setEncoding('utf8').on('data', (part: string) => {
        text = (text + part).slice(-20_000);
      });
      this.#child.once('error', (error) => tell(error.message));
      this.#child.once('close', (code, signal) => {
        const last = text.trim().split('\n').at(-1);
        tell(signal === null ? last || `exit code ${code}` : `killed by ${signal}`);
      });
    });
  }

  /**
   * Runs the code that uses an export on images.
   *
   * @returns the outputs, or the weights named, one behind the other.
   * @throws ConvoyError `CONVOY_DATA` with Python's words where it failed.
   */
  async run({ format, folder, code, images: { data, shape }, names = [] }: PythonCheck): Promise<Float32Array> {
    const scratch = await mkdtemp(join(tmpdir(), 'convoy-export-'));
    try {
      await writeFile(join(scratch, 'images.raw'), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      const dtype = data instanceof Float32Array ? '<f4' : 'u1';
      const task = { format, folder: resolve(folder), code, shape, dtype, names, scratch };
      this.#child.stdin?.write(`${JSON.stringify(task)}\n`);
      const answer = await Promise.race([this.#answers.next(), this.#words.then((value) => ({ value, done: true }))]);
      const found = answer.done === true ? await this.#words : answer.value;
      if (found !== 'ok') {
        const text = `${this.#python}: expected the exported model to run but found: ${found}`;
        throw new ConvoyError('CONVOY_DATA', text, { file: folder });
      }
      const bytes = await readFile(join(scratch, 'outputs.raw'));
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#words;
  }
}
