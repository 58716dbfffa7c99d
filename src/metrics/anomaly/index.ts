/** Scores of anomaly detection, and the structural similarity that reconstructions are judged by. */
export { areaUnderRoc } from './ranking.js';
export { type AnomalyMap, type RegionOverlap, regionOverlap } from './region-overlap.js';
export { type SsimImages, ssim, ssimMap } from './ssim.js';
