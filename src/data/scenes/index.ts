/** Made scenes with exact boxes and masks, for segmentation and detection anywhere. */
export { composeDigits, type DigitImages, type DigitSceneOptions } from './digits.js';
export { type Scene, sceneMask } from './scene.js';
export { drawShapeScene, type ShapeSceneOptions } from './shapes.js';
