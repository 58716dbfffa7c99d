/** The ranks of a training on many machines, over Open MPI. Loaded only where a launcher has started them. */
export { leaveCluster, openCluster } from './process.js';
