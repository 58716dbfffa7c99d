import { modelParameters } from '../../src/models/index.js';
import { checkpointWeights, RunFolder, readCheckpoint } from '../../src/run/index.js';

/** Final weights of a run by parameter. */
export async function runWeights(run: string): Promise<Map<string, Float32Array>> {
  const folder = RunFolder.open(run);
  const model = await folder.readArchitecture();
  if (model === undefined) throw new Error(`${run} has no architecture`);
  const checkpoint = folder.checkpoint(await folder.finalCheckpoint());
  const weights = checkpointWeights(await readCheckpoint(checkpoint), model, checkpoint);
  const named = new Map(modelParameters(model).map(({ spec }, index) => [spec.name, weights[index] as Float32Array]));
  model.dispose();
  return named;
}
