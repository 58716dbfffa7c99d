import { testKernels } from './kernel-tests.js';

await testKernels('avx2');
