import { ConvoyError } from '../../api/errors.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { integer, oneOf } from '../parsers.js';
import { checkpoint, dataDir } from '../shared-options.js';

/** As `exportFormats` of src/export has them: `test/cli/export.test.ts` compares. */
export const formatNames = [
  'saved-model',
  'onnx',
  'safetensors',
  'torch',
  'keras',
  'tfjs-layers',
  'tfjs-graph',
] as const;

export const exportCommand = defineCommand({
  name: 'export',
  description: 'Writes a run for other programs: TensorFlow, ONNX, PyTorch, Keras, TensorFlow.js.',
  alsoCalled: ['convert', 'save', 'freeze', 'hand-on'],
  arguments: [argument('<run>', 'run folder')],
  options: [
    option('--format <format>', formatNames.join(', '), { alsoCalled: ['to', 'type'] }),
    option('--out <folder>', 'folder for the files (default: exports/FORMAT in the run)', { alsoCalled: ['output'] }),
    option('--with-preprocessing', 'uint8 pixels in, probabilities out (default of saved-model and onnx)'),
    option('--without-preprocessing', "preprocessed float32 in, the network's outputs out"),
    option('--opset <n>', "version of ONNX's operators, 13 to 21 (default: 17)", { parse: integer() }),
    option('--quantize <how>', 'dynamic-int8: of onnx, weights and activations in 8 bits', {
      parse: oneOf(['dynamic-int8']),
    }),
    option('--check', 'run the files on 16 test images in the program that reads them (CONVOY_EXPORT_PYTHON)'),
    checkpoint,
    dataDir,
  ],
  examples: [
    ['convoy export runs/my-run --format onnx --check', 'ONNX, run in onnxruntime'],
    ['convoy export runs/my-run --format keras --out model', "Keras's .keras in the folder model"],
  ],
  async action([run], flags, terminal) {
    const { format, out, withPreprocessing, withoutPreprocessing, opset, quantize, check, checkpoint, dataDir } = flags;
    if (format === undefined)
      throw new ConvoyError(
        'CONVOY_OPTION',
        `Expected one of ${formatNames.join(', ')} for --format but received nothing`,
      );
    if (withPreprocessing && withoutPreprocessing)
      throw new ConvoyError('CONVOY_OPTION', '--with-preprocessing excludes --without-preprocessing');
    const { exportRun } = await import('../../index.js');
    const whole = withPreprocessing ?? (withoutPreprocessing ? false : undefined);
    const written = await exportRun({
      run,
      format,
      onNote: (note) => terminal.note(note),
      ...(out === undefined ? {} : { out }),
      ...(whole === undefined ? {} : { withPreprocessing: whole }),
      ...(opset === undefined ? {} : { opset }),
      ...(quantize === undefined ? {} : { quantize }),
      ...(check === undefined ? {} : { check }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    terminal.record({ type: 'export', ...written });
    terminal.line(`${written.folder}: ${written.files.join(', ')}`);
    if (written.check !== undefined) {
      const { reader, images, ofTestSet, difference, sameClass } = written.check;
      const same = sameClass === undefined ? '' : `, ${sameClass} of ${images} of the same class`;
      const what = `${images} ${ofTestSet ? 'test images' : 'images of noise'}`;
      terminal.line(
        `${reader}: ${what}, largest difference ${difference.toExponential(1)} of the largest output${same}`,
      );
    }
    terminal.line(`\n${written.usage.code}`);
  },
});
