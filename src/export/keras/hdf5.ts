/** Writes HDF5 files through h5wasm, in the memory of its WebAssembly module. */

/** A dataset of float32 at a path of groups. */
export interface Hdf5Variable {
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

let written = 0;

/** The bytes of a file with datasets, and groups that may be empty. */
export async function writeHdf5(variables: readonly Hdf5Variable[], groups: readonly string[]): Promise<Uint8Array> {
  const { default: hdf5 } = await import('h5wasm');
  const { FS: fileSystem } = await hdf5.ready;
  const path = `/written-${written++}.h5`;
  const file = new hdf5.File(path, 'w');
  const known = new Set<string>();
  const group = (wanted: string): void => {
    if (wanted === '' || known.has(wanted)) return;
    group(wanted.slice(0, Math.max(0, wanted.lastIndexOf('/'))));
    file.create_group(wanted);
    known.add(wanted);
  };
  try {
    for (const wanted of groups) group(wanted);
    for (const { path: name, shape, data } of variables) {
      group(name.slice(0, name.lastIndexOf('/')));
      file.create_dataset({ name, data, shape: [...shape], dtype: '<f' });
    }
  } finally {
    file.close();
  }
  try {
    return fileSystem.readFile(path);
  } finally {
    fileSystem.unlink(path);
  }
}
