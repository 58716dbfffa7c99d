/**
 * The palette of Pascal VOC's masks, [256, 3], red, green, blue from 0 to 255: of each index, bit 3k goes to red, 3k + 1 to green,
 * 3k + 2 to blue, the lowest bits to the highest (`VOClabelcolormap` of VOC's development kit). 0 is black, 255 a light grey.
 */
export const vocColours: Uint8Array = Uint8Array.from({ length: 256 * 3 }, (_, at) => {
  const [index, channel] = [Math.floor(at / 3), at % 3];
  let level = 0;
  for (let k = 0; k * 3 + channel < 8; k++) level |= ((index >> (k * 3 + channel)) & 1) << (7 - k);
  return level;
});
