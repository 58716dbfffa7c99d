import { appendFile, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type EventMessage, encodeTensorBoard, type SummaryValue } from '../../proto/tensorboard.js';
import { diskError } from '../base/atomic-file.js';
import { tfRecord } from '../base/tf-record.js';

/** Files of one process have numbers of their own. */
let files = 0;

/** A file of events in a folder, as TensorFlow's and PyTorch's writers make them. */
export class EventFile {
  readonly path: string;
  #begun = false;

  /** @param folder made with the first event. */
  constructor(private readonly folder: string) {
    files += 1;
    const now = Math.floor(Date.now() / 1000);
    this.path = join(folder, `events.out.tfevents.${now}.${hostname()}.${process.pid}.${files}.v2`);
  }

  /**
   * Appends values of a step.
   *
   * @throws ConvoyError `CONVOY_DISK`.
   */
  async summary(step: number, value: readonly SummaryValue[]): Promise<void> {
    if (value.length > 0) await this.#append({ wallTime: Date.now() / 1000, step, summary: { value } });
  }

  /** Appends the graph. */
  async graph(graphDef: Uint8Array): Promise<void> {
    await this.#append({ wallTime: Date.now() / 1000, graphDef });
  }

  async #append(event: EventMessage): Promise<void> {
    try {
      if (!this.#begun) await mkdir(this.folder, { recursive: true });
      const head = this.#begun ? [] : [{ wallTime: Date.now() / 1000, fileVersion: 'brain.Event:2' }];
      const records = [...head, event].map((message) => tfRecord(encodeTensorBoard('Event', message)));
      await appendFile(this.path, Buffer.concat(records));
      this.#begun = true;
    } catch (error) {
      throw diskError(this.path, error);
    }
  }
}
