/**
 * Transforms of single values and pixels, in place: byte tables and short loops, in the integer arithmetic of
 * torchvision's uint8 tensors (`torchvision/transforms/v2/functional/_color.py`), so results are the same bytes.
 */

/** What a pixel operation does; `amount` is its factor, shift, bits or threshold. */
export type ColourOperation =
  | 'none'
  | 'brightness'
  | 'contrast'
  | 'saturation'
  | 'hue'
  | 'grayscale'
  | 'invert'
  | 'posterize'
  | 'solarize'
  | 'autocontrast'
  | 'equalize';

const clampByte = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));
/** Luma of ITU-R 601 as torchvision has it. */
const luma = (r: number, g: number, b: number): number => Math.floor(Math.fround(0.2989 * r + 0.587 * g + 0.114 * b));

const table = new Uint8Array(256);

function applyTable(pixels: Uint8Array, start: number, end: number, step: number): void {
  for (let i = start; i < end; i += step) pixels[i] = table[pixels[i] as number] as number;
}

function fillTable(value: (x: number) => number): void {
  for (let x = 0; x < 256; x++) table[x] = value(x);
}

/** Applies one operation to one image of `bytes` bytes from `start`. */
export function applyColour(
  operation: ColourOperation,
  amount: number,
  pixels: Uint8Array,
  start: number,
  bytes: number,
  channels: number,
): void {
  const end = start + bytes;
  switch (operation) {
    case 'none':
      return;
    case 'brightness':
      fillTable((x) => clampByte(Math.fround(x * Math.fround(amount))));
      return applyTable(pixels, start, end, 1);
    case 'contrast': {
      const mean = meanLuma(pixels, start, end, channels);
      fillTable((x) => clampByte(Math.fround(x * amount + mean * (1 - amount))));
      return applyTable(pixels, start, end, 1);
    }
    case 'saturation':
      return channels === 3 ? saturate(pixels, start, end, amount) : undefined;
    case 'hue':
      return channels === 3 ? turnHue(pixels, start, end, amount) : undefined;
    case 'grayscale':
      return channels === 3 ? saturate(pixels, start, end, 0) : undefined;
    case 'invert':
      fillTable((x) => 255 - x);
      return applyTable(pixels, start, end, 1);
    case 'posterize': {
      const mask = 255 & ~((1 << (8 - amount)) - 1);
      fillTable((x) => x & mask);
      return applyTable(pixels, start, end, 1);
    }
    case 'solarize':
      fillTable((x) => (x >= amount ? 255 - x : x));
      return applyTable(pixels, start, end, 1);
    case 'autocontrast':
      for (let c = 0; c < channels; c++) autocontrast(pixels, start + c, end, channels);
      return;
    case 'equalize':
      for (let c = 0; c < channels; c++) equalize(pixels, start + c, end, channels);
  }
}

function meanLuma(pixels: Uint8Array, start: number, end: number, channels: number): number {
  let sum = 0;
  if (channels === 3) {
    for (let i = start; i < end; i += 3)
      sum += luma(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number);
  } else {
    for (let i = start; i < end; i++) sum += pixels[i] as number;
  }
  return sum / ((end - start) / channels);
}

function saturate(pixels: Uint8Array, start: number, end: number, amount: number): void {
  const rest = 1 - amount;
  for (let i = start; i < end; i += 3) {
    const r = pixels[i] as number;
    const g = pixels[i + 1] as number;
    const b = pixels[i + 2] as number;
    const grey = luma(r, g, b) * rest;
    pixels[i] = clampByte(Math.fround(r * amount + grey));
    pixels[i + 1] = clampByte(Math.fround(g * amount + grey));
    pixels[i + 2] = clampByte(Math.fround(b * amount + grey));
  }
}

/** Through HSV and back with the hue turned by `shift` of the circle. */
function turnHue(pixels: Uint8Array, start: number, end: number, shift: number): void {
  for (let i = start; i < end; i += 3) {
    const r = (pixels[i] as number) / 255;
    const g = (pixels[i + 1] as number) / 255;
    const b = (pixels[i + 2] as number) / 255;
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    if (chroma === 0) continue;
    const sector = value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
    const hue = (((sector / 6 + 1 + shift) % 1) + 1) % 1;
    // Value minus chroma, weighted by how far each channel's own hue is: the closed form of HSV to RGB.
    for (let channel = 0; channel < 3; channel++) {
      const k = (5 - 2 * channel + hue * 6 + 6) % 6;
      const channelValue = value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
      pixels[i + channel] = clampByte(channelValue * 255.999);
    }
  }
}

function autocontrast(pixels: Uint8Array, start: number, end: number, step: number): void {
  let low = 255;
  let high = 0;
  for (let i = start; i < end; i += step) {
    const x = pixels[i] as number;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (high === low) return;
  const scale = Math.fround(255 / (high - low));
  fillTable((x) => clampByte(Math.fround((x - low) * scale)));
  applyTable(pixels, start, end, step);
}

/** As Pillow's `ImageOps.equalize`: the last bin's count is left out of the step. */
function equalize(pixels: Uint8Array, start: number, end: number, step: number): void {
  const histogram = new Uint32Array(256);
  for (let i = start; i < end; i += step) {
    const x = pixels[i] as number;
    histogram[x] = (histogram[x] as number) + 1;
  }
  let last = 255;
  while (histogram[last] === 0) last--;
  const stepSize = Math.floor((Math.ceil((end - start) / step) - (histogram[last] as number)) / 255);
  if (stepSize === 0) return;
  let sum = Math.floor(stepSize / 2);
  for (let x = 0; x < 256; x++) {
    table[x] = Math.min(255, Math.floor(sum / stepSize));
    sum += histogram[x] as number;
  }
  applyTable(pixels, start, end, step);
}
