/** What makes a command line, for other programs of this repository: `npm run bench`. */
export { defineCommand } from './define.js';
export { argument, type Flags, option } from './options.js';
export { integer, positive, text } from './parsers.js';
export { runProgram } from './program.js';
