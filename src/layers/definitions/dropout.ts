import { kept, meaningless } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { atRate, drawDropped, drop } from '../drop.js';

/** Inverted dropout (Srivastava et al. 2014). */
defineLayer({
  className: 'Dropout',
  arguments: { rate: kept, seed: meaningless, noise_shape: kept },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) => {
    const noise = scope.settings.get('noiseShape');
    if (!Array.isArray(noise)) return drop(scope, x, rate);
    const shape = x.shape.map((size, axis) => (typeof noise[axis] === 'number' ? Number(noise[axis]) : size));
    return drop(scope, x, rate, shape);
  }),
  draw: drawDropped((settings, x) => {
    const noise = settings.get('noiseShape');
    return x.shape.map((size, axis) => (Array.isArray(noise) && typeof noise[axis] === 'number' ? noise[axis] : size));
  }),
});

/** Whole channels at once (Tompson et al. 2015). */
defineLayer({
  className: 'SpatialDropout1D',
  arguments: { rate: kept, seed: meaningless, noise_shape: meaningless },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) => {
    const [batch, , channels] = x.shape as readonly [number, number, number];
    return drop(scope, x, rate, [batch, 1, channels]);
  }),
  draw: drawDropped((_settings, x) => [x.shape[0] ?? 1, 1, x.shape[2] ?? 1]),
});
