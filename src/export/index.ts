export { type CardContent, modelCard } from './card.js';
export type { ExportContent, ExportFormat, Quantization, WrittenExport } from './define.js';
export { quantizations } from './define.js';
export { kerasForm } from './keras/config.js';
export { onnxLowerings, onnxOpsets, writeOnnx } from './onnx/write.js';
export { outputName } from './output-name.js';
export { type PythonCheck, PythonRunner } from './python-check.js';
export { exportFormat, exportFormats } from './registry.js';
export { torchArchitectures } from './torch/architectures.js';
