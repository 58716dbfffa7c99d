// The rooms of the design and who may import whom, checked on the compiled files (types are gone there).
const room = (name, from, to) => ({
  name,
  severity: 'error',
  comment: `${from} may import only what the design allows it`,
  from: { path: `^dist/${from}` },
  to: { path: '^dist/(src|workers|augment|proto)/', pathNot: `^dist/(${to})` },
});
const shared = 'src/contracts/|src/errors\\.js|src/validate\\.js|src/random\\.js|src/tf\\.js|src/cache-room\\.js';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-native-loads-tensorflow',
      severity: 'error',
      from: { pathNot: '^dist/src/native/' },
      to: { path: 'tfjs-node' },
    },
    room('memory-knows-nothing', 'src/memory/', `src/memory/|${shared}`),
    room('proto-knows-nothing', 'proto/', `proto/|${shared}`),
    room('native-knows-nothing', 'src/native/', `src/native/|${shared}`),
    room('data-knows-contracts', 'src/data/', `src/data/|src/memory/|${shared}`),
    // src/native: photographs only, whose JPEG decoder is TensorFlow's (augment/jpeg.ts).
    room('augment-knows-contracts', 'augment/', `augment/|${shared}|src/memory/|src/kernels/|src/native/`),
    room('layers-know-tfjs', 'src/layers/', `src/layers/|${shared}`),
    room('models-know-layers', 'src/models/', `src/models/|src/layers/|${shared}`),
    room('graph-knows-proto', 'src/graph/', `src/graph/|src/models/|src/layers/|proto/|${shared}`),
    room('optimizers-know-memory', 'src/optimizers/', `src/optimizers/|src/kernels/|src/memory/|${shared}`),
    room('engine-knows-graph', 'src/engine/', `src/engine/|src/kernels/|src/memory/|src/graph/|src/models/|src/layers/|src/losses/|src/native/|${shared}`),
  ],
  options: { doNotFollow: { path: 'node_modules' }, includeOnly: '^dist/|tfjs-node' },
};
