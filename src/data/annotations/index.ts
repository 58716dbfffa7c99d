/** Readers of datasets of segmentation, detection and anomaly detection: files to plain data. */
export { readCoco } from './coco.js';
export type {
  AnnotatedImage,
  AnnotatedObject,
  Annotations,
  ClassOptions,
  ObjectBox,
  ReadOptions,
  Segmentation,
} from './contract.js';
export { type IndexMask, MaskScans, readIndexMask } from './index-mask.js';
export { type MaskFolderOptions, masksAreBinary, readMaskFolders } from './mask-folders.js';
export { type MvtecOptions, readMvtec } from './mvtec.js';
export { objectRle, paintObjects } from './object-masks.js';
export { type PetOptions, readPets } from './pet.js';
export { readVoc, readVocSegmentation, type VocOptions, vocClasses } from './voc.js';
export { readYolo, type YoloOptions } from './yolo.js';
