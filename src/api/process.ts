/** What a program asks that ends itself. */
export { hasHeldThread } from '../base/answer-watch.js';
export { launchedRank } from '../base/launched-rank.js';
