/** Texts of the explainer in English and Spanish. */

export type Language = 'en' | 'es';

const kinds: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  input: {
    en: 'The image, as the network takes it: each pixel scaled and shifted.',
    es: 'La imagen tal como la recibe la red: cada píxel escalado y desplazado.',
  },
  convolution: {
    en: 'A kernel slides over the input. Each output is the sum of the products of kernel and window over all input channels, plus the bias. The same kernel is used everywhere.',
    es: 'Un núcleo se desliza sobre la entrada. Cada salida es la suma de los productos del núcleo y la ventana en todos los canales de entrada, más el sesgo. El mismo núcleo se usa en todas partes.',
  },
  depthwise: {
    en: 'A kernel slides over one channel alone: as many kernels as channels.',
    es: 'Un núcleo se desliza sobre un solo canal: hay tantos núcleos como canales.',
  },
  'max-pooling': {
    en: 'Each output is the largest value of its window. The map gets smaller; what was found stays, where exactly is forgotten.',
    es: 'Cada salida es el mayor valor de su ventana. El mapa se reduce; queda lo que se encontró y se olvida dónde exactamente.',
  },
  'average-pooling': {
    en: 'Each output is the mean of its window.',
    es: 'Cada salida es la media de su ventana.',
  },
  'global-pooling': {
    en: 'Each channel becomes one number: the mean of its map.',
    es: 'Cada canal se convierte en un número: la media de su mapa.',
  },
  normalization: {
    en: 'Batch normalization: each channel times a factor, plus a shift, both learned and of the statistics of training.',
    es: 'Normalización por lotes: cada canal por un factor, más un desplazamiento, ambos aprendidos y de las estadísticas del entrenamiento.',
  },
  activation: {
    en: 'The activation changes each number alone. ReLU makes negative numbers 0: without it, many layers would be no more than one.',
    es: 'La activación cambia cada número por separado. ReLU convierte los negativos en 0: sin ella, muchas capas no serían más que una.',
  },
  flatten: {
    en: 'All maps behind each other as one list of numbers: row by row, pixel by pixel, channel by channel.',
    es: 'Todos los mapas, uno tras otro, como una lista de números: fila a fila, píxel a píxel, canal a canal.',
  },
  dense: {
    en: 'Each output is the sum of all inputs, each times a weight of its own, plus the bias.',
    es: 'Cada salida es la suma de todas las entradas, cada una por su propio peso, más el sesgo.',
  },
  softmax: {
    en: 'Scores become probabilities: e to the power of each score, divided by the sum of all. They add up to 1.',
    es: 'Las puntuaciones se convierten en probabilidades: e elevado a cada puntuación, dividido por la suma de todas. Suman 1.',
  },
  sum: {
    en: 'Two paths join: their numbers are added. The gradient flows back along both.',
    es: 'Dos caminos se unen: se suman sus números. El gradiente vuelve por ambos.',
  },
  same: {
    en: 'Works in training alone. Here the input passes unchanged.',
    es: 'Solo actúa durante el entrenamiento. Aquí la entrada pasa sin cambios.',
  },
  other: {
    en: 'The explainer shows what this layer gives, but not how.',
    es: 'El explicador muestra lo que da esta capa, pero no cómo.',
  },
};

const words = {
  title: { en: 'From pixels to a class', es: 'De los píxeles a una clase' },
  lead: {
    en: 'One image on its way through this network. Choose a layer, then point at an output or move with the arrow keys: you see the window it comes from, the kernel, the products and the sum. All numbers are those of the network.',
    es: 'Una imagen en su camino por esta red. Elige una capa y señala una salida o muévete con las flechas: verás la ventana de la que viene, el núcleo, los productos y la suma. Todos los números son los de la red.',
  },
  layer: { en: 'Layer', es: 'Capa' },
  channel: { en: 'Output channel', es: 'Canal de salida' },
  inputChannel: { en: 'Input channel', es: 'Canal de entrada' },
  input: { en: 'Input', es: 'Entrada' },
  output: { en: 'Output', es: 'Salida' },
  window: { en: 'Window', es: 'Ventana' },
  kernel: { en: 'Kernel', es: 'Núcleo' },
  products: { en: 'Products', es: 'Productos' },
  padding: { en: 'padding', es: 'relleno' },
  stride: { en: 'stride', es: 'paso' },
  bias: { en: 'bias', es: 'sesgo' },
  sum: { en: 'sum', es: 'suma' },
  thisChannel: { en: 'this input channel', es: 'este canal de entrada' },
  otherChannels: { en: 'other input channels', es: 'otros canales de entrada' },
  largest: { en: 'largest', es: 'mayor' },
  mean: { en: 'mean', es: 'media' },
  weight: { en: 'weight', es: 'peso' },
  value: { en: 'value', es: 'valor' },
  product: { en: 'product', es: 'producto' },
  rest: { en: 'all others', es: 'todos los demás' },
  tooLarge: {
    en: 'The output of this layer is too large for the page.',
    es: 'La salida de esta capa es demasiado grande para la página.',
  },
  notShown: {
    en: 'The weights of this channel are too large for the page: choose one of the first.',
    es: 'Los pesos de este canal son demasiado grandes para la página: elige uno de los primeros.',
  },
  move: {
    en: 'Point at an output, or use the arrow keys.',
    es: 'Señala una salida o usa las flechas.',
  },
} as const;

/** A text of the explainer. */
export function word(key: keyof typeof words, language: Language): string {
  return words[key][language];
}

/** What a kind of layer does. */
export function kindText(kind: string, language: Language): string {
  return (kinds[kind] ?? kinds['other'])?.[language] ?? '';
}
