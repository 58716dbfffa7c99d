import test from 'ava';
import { launchedRank } from '../../src/base/launched-rank.js';

test('a rank is known by the variables of mpirun and of srun with PMIx', (t) => {
  t.deepEqual(launchedRank({ OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' }), { rank: 1, size: 4 });
  t.deepEqual(launchedRank({ PMIX_RANK: '0', SLURM_NTASKS: '8', SLURM_STEP_NUM_TASKS: '2' }), { rank: 0, size: 2 });
});

test('a process alone is no rank: without variables, as the only one, or as the script of a Slurm job', (t) => {
  t.is(launchedRank({}), undefined);
  t.is(launchedRank({ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }), undefined);
  t.is(launchedRank({ SLURM_PROCID: '0', SLURM_NTASKS: '8' }), undefined);
});
