// The rooms of the code, and which other rooms each may import. `npm run lint` checks the compiled files.
// A room that is not listed here fails the check, and so does an import past a room's door (its index.ts).
const rooms = {
  'src/base': [],
  'src/losses': ['src/base', 'src/boxes'],
  'src/contracts': ['src/base', 'src/losses'],
  proto: [],
  'src/kernels': ['src/base'],
  'src/memory': ['src/base', 'src/contracts'],
  'src/native': ['src/base'],
  'src/metrics': ['src/base', 'src/contracts', 'src/boxes', 'src/masks'],
  'src/analysis': ['src/base'],
  // Pure functions of typed arrays.
  'src/boxes': [],
  'src/masks': ['src/base'],
  'src/explain': ['src/base', 'src/analysis'],
  'src/ops': ['src/base'],
  'src/layers': ['src/base', 'src/boxes', 'src/ops'],
  'src/schedules': ['src/base', 'src/contracts'],
  'src/callbacks': ['src/base', 'src/contracts'],
  'src/plots': ['src/base', 'src/metrics', 'src/callbacks'],
  // src/native: TensorFlow decodes plain JPEGs on the stage's threads.
  'src/images': ['src/base', 'src/contracts', 'src/kernels', 'src/native'],
  'src/data': ['src/base', 'src/contracts', 'src/masks', 'src/images'],
  'src/optimizers': ['src/base', 'src/kernels'],
  // Loaded where a launcher of MPI has started several processes.
  'src/cluster': ['src/base', 'src/contracts', 'src/kernels'],
  'src/models': ['src/base', 'src/contracts', 'src/boxes', 'src/losses', 'src/layers'],
  'src/graph': ['src/base', 'src/contracts', 'src/losses', 'src/ops', 'src/layers', 'src/models', 'proto'],
  'src/weights': ['src/base', 'src/contracts', 'src/data', 'src/layers', 'src/models'],
  'src/transfer': ['src/base', 'src/contracts', 'src/layers', 'src/models', 'src/graph', 'src/weights'],
  'src/engine': [
    ...['src/base', 'src/contracts', 'src/kernels', 'src/memory', 'src/native'],
    ...['src/losses', 'src/layers', 'src/models', 'src/graph'],
  ],
  'augment/steps': ['src/contracts'],
  'augment/transforms': ['src/base', 'src/contracts', 'augment/steps'],
  'augment/spec': ['src/base', 'augment/transforms'],
  'augment/pixels': ['src/base', 'src/contracts', 'augment/steps'],
  'augment/stage': [
    ...['src/base', 'src/contracts', 'src/native', 'src/images'],
    ...['augment/spec', 'augment/steps', 'augment/transforms', 'augment/pixels'],
  ],
  'src/config': ['src/base', 'src/contracts', 'src/losses', 'src/optimizers', 'src/schedules', 'augment/spec'],
  'src/coordinator': ['src/base', 'src/contracts', 'src/data', 'src/memory', 'src/optimizers', 'src/engine'],
  workers: ['src/base', 'src/memory', 'src/native', 'src/optimizers', 'src/engine', 'src/coordinator'],
  'src/features': [
    ...['src/base', 'src/contracts', 'src/data', 'src/memory', 'src/models', 'src/graph', 'src/transfer'],
    ...['augment/stage', 'src/coordinator'],
  ],
  'src/run': ['src/base', 'src/contracts', 'proto', 'src/memory', 'src/models'],
  'src/export': [
    ...['src/base', 'src/contracts', 'proto', 'src/ops', 'src/layers', 'src/models', 'src/graph', 'src/weights'],
    'src/run',
  ],
  'src/runtime': [
    ...['src/base', 'src/contracts', 'src/data', 'src/memory', 'src/native', 'src/analysis', 'src/layers'],
    ...['src/losses', 'src/optimizers', 'src/schedules', 'src/models', 'src/graph', 'src/weights', 'src/transfer'],
    ...['src/engine', 'src/config', 'src/coordinator', 'src/features', 'src/run', 'augment/stage'],
  ],
  'src/predict': ['src/base', 'src/contracts', 'src/images', 'src/models'],
  'src/training': [
    ...['src/base', 'src/contracts', 'src/boxes', 'proto', 'src/callbacks', 'src/memory', 'src/models', 'src/transfer'],
    ...['src/metrics', 'src/schedules'],
    ...['src/native', 'src/predict', 'src/config', 'src/coordinator', 'src/run', 'src/runtime', 'src/cluster'],
  ],
  'src/measure': [
    ...['src/base', 'src/contracts', 'src/native', 'src/data'],
    ...['src/config', 'src/coordinator', 'src/runtime', 'src/training'],
  ],
  'src/tools': [
    ...['src/base', 'src/contracts', 'src/boxes', 'src/masks', 'src/images', 'src/data', 'src/memory'],
    ...['src/native', 'src/analysis'],
    ...[
      'src/explain',
      'src/metrics',
      'src/plots',
      'src/models',
      'src/weights',
      'src/transfer',
      'augment/spec',
      'augment/stage',
    ],
    ...['src/predict', 'src/config', 'src/coordinator', 'src/run', 'src/runtime', 'src/training', 'src/measure'],
    ...['src/graph', 'src/export'],
  ],
  // Runs a network for its features on this thread; everything else of it is pure functions of typed arrays.
  'src/anomaly': [
    ...[
      'src/base',
      'src/contracts',
      'src/masks',
      'src/native',
      'src/analysis',
      'src/metrics',
      'src/images',
      'src/data',
    ],
    ...['src/models', 'src/weights', 'src/predict', 'src/tools'],
  ],
  // Several trainings that belong together.
  'src/experiments': [
    ...['src/base', 'src/contracts', 'src/callbacks', 'src/data', 'src/models', 'src/plots', 'src/config'],
    ...['src/coordinator', 'src/run', 'src/runtime', 'src/training'],
  ],
  'src/watch': [
    ...['src/base', 'src/contracts', 'src/callbacks', 'proto', 'src/memory', 'src/data', 'src/models', 'augment/stage'],
    ...['src/coordinator', 'src/run', 'src/runtime', 'src/training'],
  ],
  'src/report': [
    ...['src/boxes', 'src/masks'],
    ...['src/base', 'src/contracts', 'src/native', 'src/callbacks', 'src/data', 'src/analysis', 'src/explain'],
    ...['src/metrics', 'src/layers', 'src/models', 'augment/spec', 'augment/stage', 'src/config', 'src/coordinator'],
    ...['src/run', 'src/runtime', 'src/training', 'src/tools', 'src/watch'],
  ],
  // Public entries that need not all of convoy; src/index.ts exports them too.
  // Loads neither TensorFlow nor sharp.
  'src/api': [
    ...['src/base', 'src/contracts', 'src/data', 'src/losses', 'src/optimizers', 'src/schedules', 'src/config'],
    ...['augment/spec', 'augment/transforms'],
  ],
  'src/cli': ['src/index.js', 'src/api'],
  'bench/harness': ['src', 'augment'],
  'bench/children': ['src', 'augment', 'workers', 'bench/harness'],
  'bench/suite': ['src', 'augment', 'bench/harness'],
  'bench/checks': ['src', 'augment', 'bench/harness', 'test/support', 'test/native'],
};

/** What may be imported of a room besides its index: files that a thread or a schema loads without the rest. */
const doors = [
  'src/base/',
  'src/api/',
  'proto/',
  'src/(coordinator|engine)/in-worker.js',
  'src/models/(parameters|outputs).js',
];

const inside = (place) => `^dist/${place}(/|$)`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      comment: 'Add the room to the list above, with the rooms it may import.',
      from: {},
      to: {
        path: '^dist/',
        pathNot: [...Object.keys(rooms).map(inside), '^dist/src/index.js$', inside('bench/main.js'), inside('test')],
      },
    },
    {
      name: 'rooms-have-one-door',
      severity: 'error',
      comment: "Another room's files are imported through its index.ts alone.",
      from: { path: '^dist/(src/[^/]+|augment/[^/]+|workers)/' },
      to: {
        path: '^dist/(src/[^/]+|augment/[^/]+|workers)/',
        pathNot: ['^dist/$1/', '/index.js$', ...doors.map((door) => `^dist/${door}`)],
      },
    },
    {
      name: 'only-native-loads-tensorflow',
      severity: 'error',
      from: { pathNot: inside('src/native') },
      to: { path: 'tfjs-node' },
    },
    {
      name: 'configurations-resolve-without-libraries',
      severity: 'error',
      comment: 'Resolving a configuration must not load sharp, piscina or TensorFlow.',
      from: { path: ['^dist/src/(config/|api/(config|errors).js)'] },
      // src/base/tf.js requires tfjs.
      to: { path: ['node_modules/(sharp|piscina|@tensorflow)/', '^dist/src/base/tf.js$'], reachable: true },
    },
    {
      name: 'command-lines-parse-without-libraries',
      severity: 'error',
      comment: 'A command imports these when it runs: TensorFlow, sharp and charts take most of a second to load.',
      from: { path: inside('src/cli') },
      to: { path: '^dist/src/(index|api/data).js$', dynamic: false },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-what-it-may`,
      severity: 'error',
      comment: `${room} may import ${allowed.join(', ') || 'nothing'}.`,
      from: { path: inside(room) },
      to: { path: '^dist/', pathNot: [room, ...allowed].map(inside) },
    })),
  ],
  options: { doNotFollow: { path: 'node_modules' }, includeOnly: '^dist/|node_modules/(sharp|piscina|@tensorflow)/' },
};
