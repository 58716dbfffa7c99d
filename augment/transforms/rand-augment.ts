import { appendAutomatic } from './automatic.js';
import { defineTransform } from './define.js';
import { integer } from './parameters.js';

export const randAugment = defineTransform({
  name: 'randAugment',
  description: 'a few transforms drawn from fourteen, one strength',
  torchvision: 'RandAugment',
  options: {
    operations: integer(1, 10, 2, 'transforms in a row'),
    magnitude: integer(0, 30, 9, 'strength, of bins 0 to bins-1'),
    bins: integer(2, 31, 31, 'steps of strength'),
  },
  banked: true,
  check: ({ magnitude, bins }) =>
    magnitude < bins ? undefined : { option: 'magnitude', expected: `integer below bins (${bins})` },
  plan(window, { operations, magnitude, bins }, stream) {
    // Largest strengths of torchvision's `RandAugment._augmentation_space`.
    const largest = {
      shear: 0.3,
      translate: (side: number) => (150 / 331) * side,
      rotate: 30,
      enhance: 0.9,
      posterize: 4,
    };
    const strength = magnitude / (bins - 1);
    for (let round = 0; round < operations; round++) appendAutomatic(window, largest, () => strength, stream);
  },
});
