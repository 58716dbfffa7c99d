/**
 * What convoy accepts from files it did not make. A file that asks for more is refused with an error that names the
 * limit, before memory or disk is spent on it.
 */
export const limits = {
  /** Bytes of decoded pixels that one split may hold in memory. */
  pixelStoreBytes: 2 * 2 ** 30,
  /** Images of at most this many pixels a side are decoded into memory without being asked to. */
  smallImageSide: 96,
  /** Pixels of one encoded image (libvips refuses more): 100 megapixels, above any common camera. */
  imagePixels: 100_000_000,
  /** Classes of a format that gives them numbers and no names. */
  numberedClasses: 65_536,
  /** Bytes of one entry of an archive. */
  archiveEntryBytes: 256 * 2 ** 20,
  /** Entries of an archive: ImageNet's training set has 1.3 million. */
  archiveEntries: 4_000_000,
  /** Bytes of all entries of an archive together. */
  archiveBytes: 512 * 2 ** 30,
  /** Bytes an archive may unpack to for each byte of it; JPEG images are near 1, CIFAR's binary files near 1.1. */
  archiveRatio: 200,
  /** Share of images that `onBadImage: 'skip'` may skip. */
  skippedShare: 0.01,
} as const;
