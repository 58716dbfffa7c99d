import { appendAutomatic } from './automatic.js';
import { defineTransform } from './define.js';
import { integer } from './parameters.js';

export const trivialAugment = defineTransform({
  name: 'trivialAugment',
  description: 'one transform drawn from fourteen, at any strength',
  torchvision: 'TrivialAugmentWide',
  options: { bins: integer(2, 31, 31, 'steps of strength') },
  banked: true,
  plan(window, { bins }, stream) {
    // Largest strengths of torchvision's `TrivialAugmentWide._augmentation_space`.
    const largest = { shear: 0.99, translate: () => 32, rotate: 135, enhance: 0.99, posterize: 6 };
    appendAutomatic(window, largest, () => stream.below(bins) / (bins - 1), stream);
  },
});
