/**
 * Parts of JPEG photographs, decoded by TensorFlow, which is in the process anyway: its `DecodeAndCropJpeg` skips the
 * columns beside the part and the rows above and below it. sharp, which does the pixel work elsewhere, decodes whole
 * rows and costs 1.4 to 1.55 ms of CPU for an average part of a 500x375 photograph where the op takes 0.67 ms; Pillow's
 * whole transform takes 1.75 to 2.0 ms.
 *
 * Both use libjpeg-turbo with the same settings, so pixels are the same (a test compares them, damaged files included).
 * A thread of the stage pays for it once: 0.4 s of CPU and 30 MB to open TensorFlow, at its first plain JPEG.
 */
import { ConvoyError } from '../base/errors.js';
import type { PixelBox } from '../contracts/index.js';
import { loadNativeInWorker, type Native, type OpAttribute } from '../native/index.js';
import type { JpegHeader } from './jpeg-header.js';
import { type RoomPart, sourceRoom } from './resize.js';

/**
 * Columns decoded on either side of the part: libjpeg-turbo interpolates colours between neighbours, and the first and
 * last column it decodes have one on one side only.
 */
const margin = 1;

const uint8 = { kind: 'type', value: 'uint8' } as const;
const axisType: OpAttribute = { name: 'Tdim', kind: 'type', value: 'int32' };

function decoderAttributes(channels: 1 | 3): readonly OpAttribute[] {
  return [
    { name: 'channels', kind: 'int', value: channels },
    { name: 'ratio', kind: 'int', value: 1 },
    { name: 'fancy_upscaling', kind: 'bool', value: true },
    { name: 'try_recover_truncated', kind: 'bool', value: false },
    { name: 'acceptable_fraction', kind: 'float', value: 1 },
    { name: 'dct_method', kind: 'string', value: 'INTEGER_ACCURATE' }, // sharp's; TensorFlow's own choice is quicker and coarser
  ];
}

const attributes = { 1: decoderAttributes(1), 3: decoderAttributes(3) } as const;

/** True where the decoder gives the pixels that sharp would: no turning, no conversion of colours. */
export function isPlainJpeg(header: JpegHeader, channels: 1 | 3): boolean {
  const { components, orientation, plain } = header;
  return plain && orientation === 1 && (components === 1 || (components === 3 && channels === 3));
}

/** The decoder of this thread. */
export class JpegDecoder {
  readonly #native: Native;
  /** [0]: the new axis, and the row of one that is written. */
  readonly #zero: number;

  constructor(native: Native) {
    this.#native = native;
    this.#zero = native.wrap(Int32Array.of(0), [1]);
  }

  /**
   * Decodes a part into the room of the resizer.
   *
   * @returns where it lies; undefined when TensorFlow refuses the data: sharp then says what is wrong with it.
   */
  decode(bytes: Uint8Array, size: JpegHeader, box: PixelBox, channels: 1 | 3): RoomPart | undefined {
    const left = Math.max(0, box.left - margin);
    const width = Math.min(size.width, box.left + box.width + margin) - left;
    const { top, height } = box;
    const native = this.#native;
    const room = sourceRoom(height * width * channels);
    const held: number[] = [];
    const hold = (id: number): number => {
      held.push(id);
      return id;
    };
    const run = (op: string, list: readonly OpAttribute[], inputs: readonly number[]): number =>
      native.execute(op, list, inputs, 1).map(hold)[0] as number;
    try {
      const window = hold(native.wrap(Int32Array.of(top, left, height, width), [4]));
      const part = run('DecodeAndCropJpeg', attributes[channels], [hold(native.scalarOf(bytes)), window]);
      const row = run('ExpandDims', [{ name: 'T', ...uint8 }, axisType], [part, this.#zero]);
      // Written where the resizer reads it: the addon does not copy 8-bit tensors out but as 32 bits.
      const target = hold(native.wrap(room, [1, height, width, channels]));
      run('InplaceUpdate', [{ name: 'T', ...uint8 }], [target, this.#zero, row]);
    } catch (error) {
      if (error instanceof ConvoyError) return undefined;
      throw error;
    } finally {
      for (const id of held) native.release(id);
    }
    return { start: (box.left - left) * channels, stride: width * channels };
  }

  /** True where tensors over the room show the room, as in every build of TensorFlow that is known. */
  get writesRoom(): boolean {
    const room = sourceRoom(1);
    room[0] = 0;
    const native = this.#native;
    const ids = [native.wrap(room, [1, 1]), native.wrap(Uint8Array.of(1), [1, 1])] as const;
    try {
      const [done] = native.execute('InplaceUpdate', [{ name: 'T', ...uint8 }], [ids[0], this.#zero, ids[1]], 1);
      if (done !== undefined) native.release(done);
      return room[0] === 1;
    } catch (error) {
      if (error instanceof ConvoyError) return false;
      throw error;
    } finally {
      for (const id of ids) native.release(id);
    }
  }
}

let opened: Promise<JpegDecoder | undefined> | undefined;

/**
 * The decoder of this thread, opened when the first photograph asks for it; undefined for all where this build of
 * TensorFlow cannot do it.
 *
 * @throws ConvoyError `CONVOY_NATIVE` when TensorFlow does not load.
 */
export function openJpegDecoder(): Promise<JpegDecoder | undefined> {
  opened ??= loadNativeInWorker().then((native) => {
    const decoder = new JpegDecoder(native);
    return decoder.writesRoom ? decoder : undefined;
  });
  return opened;
}
