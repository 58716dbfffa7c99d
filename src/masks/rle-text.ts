/** The two forms of run-length encodings in COCO's files: lists of counts, and text of 6 bits a character. */
import { maskError } from './mask-error.js';
import type { Rle } from './rle.js';

/** Height and width. */
type Size = readonly [height: number, width: number];

/** Characters stand for 0 to 63 from `0` on; bit 32 says that more follow, bit 16 of the last one is the sign. */
const firstCharacter = 48;
const more = 32;
const sign = 16;
/** 7 characters have 35 bits: more than any count. */
const longestCount = 7;

/** Text of an encoding, as pycocotools' `counts`: each count from the third on as its difference from the one two before. */
export function rleToText({ counts }: Rle): string {
  let text = '';
  counts.forEach((count, i) => {
    let rest = i > 2 ? count - (counts[i - 2] as number) : count;
    for (;;) {
      const bits = ((rest % more) + more) % more;
      rest = Math.floor(rest / more);
      const last = (bits & sign) !== 0 ? rest === -1 : rest === 0;
      text += String.fromCharCode(firstCharacter + (last ? bits : bits + more));
      if (last) break;
    }
  });
  return text;
}

/**
 * Reads the text of a run-length encoding.
 *
 * @throws ConvoyError `CONVOY_DATA` for a text that is none, and for runs that do not fill the mask.
 */
export function rleFromText(text: string, [height, width]: Size): Rle {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let place = 1;
    for (let length = 1; ; length++) {
      if (at === text.length) throw maskError('RLE', 'the rest of a count', 'the end of the text');
      if (length > longestCount) throw maskError('RLE', `counts of at most ${longestCount} characters`, 'a longer one');
      const bits = text.charCodeAt(at) - firstCharacter;
      if (bits < 0 || bits > 63) throw maskError('RLE', 'characters from 0 to o', JSON.stringify(text[at]));
      at++;
      value += (bits % more) * place;
      place *= more;
      if (bits >= more) continue;
      if ((bits & sign) !== 0) value -= place;
      break;
    }
    counts.push(counts.length > 2 ? value + (counts.at(-2) as number) : value);
  }
  return rleFromCounts(counts, [height, width]);
}

/**
 * The encoding of a list of counts.
 *
 * @throws ConvoyError `CONVOY_DATA` for counts that are no integers of 0 or more, or do not fill the mask.
 */
export function rleFromCounts(counts: readonly unknown[], [height, width]: Size): Rle {
  let sum = 0;
  for (const count of counts) {
    if (!Number.isInteger(count) || (count as number) < 0) {
      throw maskError('RLE', 'counts of 0 or more', String(count).slice(0, 40));
    }
    sum += count as number;
  }
  if (sum !== height * width) {
    throw maskError('RLE', `counts that sum to ${height}x${width} = ${height * width} pixels`, `a sum of ${sum}`);
  }
  return { height, width, counts: Uint32Array.from(counts as readonly number[]) };
}
