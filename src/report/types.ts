/** What a page about runs shows: plain data, which the page reads as JSON. */
import type { EpochRecord } from '../callbacks/index.js';
import type { HistogramLine } from '../watch/index.js';

export type { HistogramLine } from '../watch/index.js';

/** Numbers as base64 of their bytes, little-endian. */
export interface Packed {
  readonly type: 'float32' | 'uint8';
  readonly shape: readonly number[];
  readonly base64: string;
}

/** Pictures of one size in rows, as one image. */
export interface Sheet {
  /** A data URI. */
  readonly uri: string;
  /** Pixels of one picture in the image. */
  readonly width: number;
  readonly height: number;
  /** Pictures in a row of the image. */
  readonly columns: number;
  readonly count: number;
}

/** One image of the evaluated split, and what the network says of it. */
export interface SampleReport {
  readonly truth: readonly number[];
  /** The classes of the largest probabilities, the most likely first. */
  readonly likely: readonly (readonly [label: number, probability: number])[];
}

/** One class's scores; `auc` and `averagePrecision` where they are defined. */
export interface ClassReport {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
  readonly auc: number | null;
  readonly averagePrecision: number | null;
}

export type Points = readonly (readonly [x: number, y: number])[];

export interface EvaluationReport {
  readonly split: string;
  readonly count: number;
  readonly multiLabel: boolean;
  /** Names and values, for the head of the page. */
  readonly overall: readonly (readonly [name: string, value: number])[];
  readonly perClass: readonly ClassReport[];
  /** By [true class][predicted class]; left out for many classes. */
  readonly confusion?: readonly (readonly number[])[];
  /** The pairs that are mistaken most. */
  readonly confused: readonly (readonly [truth: number, predicted: number, count: number])[];
  readonly curves: readonly { readonly label: number; readonly roc: Points; readonly precisionRecall: Points }[];
  readonly calibration?: CalibrationReport;
  /** Pictures of `samples`, in their order. */
  readonly sheet: Sheet;
  readonly samples: readonly SampleReport[];
  /** Places in `samples`, by `truth,predicted`. */
  readonly cells: Readonly<Record<string, readonly number[]>>;
  readonly mistakes: readonly number[];
  readonly doubtful: readonly number[];
  /** Of tasks that do not give classes to images: scores by class, in place of `perClass`. */
  readonly table?: ScoreTable;
  /** Of such tasks: what `confusion` counts, and its names where they are not those of the classes. */
  readonly counted?: { readonly what: 'pixels' | 'objects'; readonly names?: readonly string[] };
  /** Of such tasks: what the pictures show, in place of `samples`. */
  readonly gallery?: { readonly title: string; readonly about: string; readonly captions: readonly string[] };
}

/** A table of scores: the first column has names. */
export interface ScoreTable {
  readonly about: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Reliability of the probabilities (Guo et al. 2017). */
export interface CalibrationReport {
  /** By confidence: its mean, the share that is right, and how many samples. */
  readonly bins: readonly { readonly confidence: number; readonly accuracy: number; readonly count: number }[];
  /** Expected calibration error. */
  readonly error: number;
}

/** One layer of the network. */
export interface LayerReport {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly trainable: boolean;
  /** What an expert wants to know: kernel, strides, activation. */
  readonly details: string;
  /** Places of the layers whose outputs it takes. */
  readonly inputs: readonly number[];
}

export interface NetworkReport {
  readonly name: string;
  readonly parameters: number;
  readonly trainableParameters: number;
  readonly multiplyAdds: number;
  readonly layers: readonly LayerReport[];
  readonly filters: readonly FilterReport[];
}

/** The kernel of a convolution as pictures. */
export interface FilterReport {
  readonly layer: string;
  readonly shape: readonly number[];
  readonly perFilter: number;
  readonly sheet: Sheet;
}

/** A map over an image: which parts count. */
export interface MapReport {
  readonly kind: 'grad-cam' | 'grad-cam++' | 'saliency' | 'occlusion';
  /** Place in `images`. */
  readonly image: number;
  readonly label: number;
  readonly low: number;
  readonly high: number;
  /** From 0 for `low` to 255 for `high`. */
  readonly values: Packed;
}

export interface LooksReport {
  /** Images that are explained, one by one, with what the network says of them. */
  readonly images: readonly (SampleReport & { readonly uri: string })[];
  readonly gradCamLayer: string | null;
  readonly maps: readonly MapReport[];
  readonly activations: readonly {
    readonly layer: string;
    readonly image: number;
    readonly shape: readonly number[];
    readonly sheet: Sheet;
  }[];
  /** Test images that excite a channel most. */
  readonly exciting: readonly {
    readonly layer: string;
    readonly channel: number;
    readonly best: readonly (readonly [sample: number, activation: number])[];
  }[];
  readonly excitingSheet?: Sheet;
  readonly augmented?: { readonly sheet: Sheet; readonly labels: readonly string[]; readonly transforms: string };
  readonly projections: readonly ProjectionReport[];
  /** Pictures of the projected samples, in their order. */
  readonly projectedSheet?: Sheet;
  readonly projectedLabels: readonly number[];
}

export interface ProjectionReport {
  readonly method: 'pca' | 'tsne';
  readonly points: Points;
  readonly axes: readonly [string, string];
}

/** One step of the explainer: a layer, what it takes and what it gives. */
export interface ExplainerStep {
  readonly name: string;
  readonly type: string;
  readonly kind:
    | 'input'
    | 'convolution'
    | 'depthwise'
    | 'max-pooling'
    | 'average-pooling'
    | 'global-pooling'
    | 'normalization'
    | 'activation'
    | 'flatten'
    | 'dense'
    | 'softmax'
    | 'sum'
    | 'same'
    | 'other';
  /** Places of the steps whose outputs it takes. */
  readonly inputs: readonly number[];
  readonly shape: readonly number[];
  /** The output; missing where it is too large for the page. */
  readonly values?: Packed;
  readonly window?: {
    readonly size: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: 'same' | 'valid';
    readonly dilation: readonly [number, number];
  };
  /** Of a convolution [height, width, inputs, shown], depthwise [height, width, channels], dense [inputs, shown]. */
  readonly kernel?: Packed;
  readonly bias?: readonly number[];
  /** Channels that the kernel is there for: the first of them. */
  readonly shown?: number;
  readonly activation?: string;
  /** Of a normalization, by channel: output = input * scale + offset. */
  readonly scale?: readonly number[];
  readonly offset?: readonly number[];
}

export interface ExplainerReport {
  readonly uri: string;
  readonly truth: readonly number[];
  readonly steps: readonly ExplainerStep[];
}

/** Everything that a page shows of one run. What is missing is explained in `notes`. */
export interface RunReport {
  readonly name: string;
  readonly state: 'training' | 'ended' | 'stopped' | 'unfinished';
  readonly classes: readonly string[];
  readonly history: readonly EpochRecord[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly summary?: Readonly<Record<string, unknown>>;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly network?: NetworkReport;
  readonly histograms: readonly HistogramLine[];
  readonly evaluation?: EvaluationReport;
  readonly looks?: LooksReport;
  readonly explainer?: ExplainerReport;
  readonly notes: readonly string[];
  /** While a server computes scores and pictures that a page asked for. */
  readonly gathering?: boolean;
}

/** How far a run is that is followed. */
export interface LiveStatus {
  readonly state: 'training' | 'ended' | 'failed';
  readonly error?: string;
  readonly phase: 'training' | 'evaluating';
  readonly epoch: number;
  readonly epochs: number;
  /** Samples done in the epoch, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  /** Share of the time that training waited for data. */
  readonly waiting: number;
  /** Share of the time that each worker computed gradients. */
  readonly load: readonly number[];
}

export interface PageData {
  readonly title: string;
  readonly version: string;
  readonly runs: readonly RunReport[];
  /** True for a page that a server keeps up to date. */
  readonly live?: boolean;
  /** For the requests that change something. */
  readonly token?: string;
  /** Whether the page may stop the run, and whether the server computes scores and pictures of runs that have ended. */
  readonly stops?: boolean;
  readonly gathers?: boolean;
}
