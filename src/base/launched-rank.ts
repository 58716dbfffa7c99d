/** A process that a launcher of MPI has started beside others. */
export interface LaunchedRank {
  /** From 0. */
  readonly rank: number;
  /** Of all processes. */
  readonly size: number;
}

/** Variables that launchers set: Open MPI's mpirun, and Slurm's `srun --mpi=pmix`. */
const launchers = [
  { rank: 'OMPI_COMM_WORLD_RANK', sizes: ['OMPI_COMM_WORLD_SIZE'] },
  { rank: 'PMIX_RANK', sizes: ['SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS'] },
];

/** Which of several processes this is, by its environment; undefined for one that is alone. */
export function launchedRank(environment: NodeJS.ProcessEnv = process.env): LaunchedRank | undefined {
  for (const { rank, sizes } of launchers) {
    const size = Number(sizes.map((name) => environment[name]).find((value) => value !== undefined));
    const own = Number(environment[rank] ?? Number.NaN);
    if (Number.isInteger(own) && Number.isInteger(size) && size > 1) return { rank: own, size };
  }
  return undefined;
}
