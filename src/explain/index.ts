/** What a network looks at: activations, Grad-CAM, saliency, occlusion. */
export {
  activations,
  type Channel,
  type Excitement,
  type LayerActivations,
  maxActivation,
} from './activations.js';
export { type GradCamOptions, gradCam, gradCamPlusPlus } from './grad-cam.js';
export type { ClassChoice, Maps } from './maps.js';
export { type OcclusionOptions, occlusion } from './occlusion.js';
export { saliency } from './saliency.js';
