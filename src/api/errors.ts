/** `convoy-train/errors`: what convoy throws, and the messages' forms for code that checks options in the same way. */
export {
  ConvoyError,
  choiceError,
  combinationError,
  type ErrorCode,
  type ErrorDetails,
  unknownKeyError,
  valueError,
} from '../base/errors.js';
