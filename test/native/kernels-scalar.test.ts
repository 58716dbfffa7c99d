import { testKernels } from './kernel-tests.js';

await testKernels('scalar');
