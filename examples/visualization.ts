// What a network has learned: filters, activations, PCA and t-SNE of its features, as pictures in a folder.
import { analyseRun, openRunRuntime, Trainer } from 'convoy-train';

const folder = `runs/look-${process.pid}`;
await new Trainer({
  config: { dataset: 'fashion-mnist', model: { name: 'fashion-mnist-cnn' }, optimizer: { name: 'adam' }, epochs: 2 },
  out: folder,
}).train();

const runtime = await openRunRuntime({ run: folder });
try {
  for (const file of await analyseRun({ runtime, folder: `${folder}/analysis`, limit: 200 })) console.log(file);
} finally {
  await runtime.close();
}
