/** What a wrong command line is answered with. */
import { type ConvoyError, choiceError, combinationError, unknownKeyError, valueError } from '../api/errors.js';
import { optionsOf, type UsageError } from './build.js';
import { adviceOnFlag } from './foreign-flags.js';

/** The error to tell, or undefined where help or the version was asked for. */
export function usageError(error: UsageError): ConvoyError | undefined {
  const { command, path, given, cause } = error;
  const whole = path.join(' ');
  const quoted = /'([^']*)'/.exec(cause.message)?.[1] ?? '';
  switch (cause.code) {
    case 'commander.unknownOption':
      return unknownFlag(error, quoted.split('=')[0] ?? quoted);
    case 'commander.unknownCommand':
      return choiceError('the command', quoted, {
        known: (command.commands ?? []).map(({ name }) => name),
        aliases: Object.fromEntries((command.commands ?? []).map(({ name, alsoCalled = [] }) => [name, alsoCalled])),
        list: `${whole} --help`,
      });
    case 'commander.optionMissingArgument':
      return valueError(quoted, 'a value', undefined);
    case 'commander.missingArgument': {
      const missing = command.arguments?.find(({ form }) => form.includes(quoted));
      return combinationError(whole, 'needs', `${missing?.form ?? quoted}: ${missing?.description} (${whole} --help)`);
    }
    case 'commander.excessArguments': {
      const most = command.arguments?.length ?? 0;
      const expected = most === 0 ? 'options alone, which begin with --,' : `at most ${most} values`;
      return valueError(whole, expected, given.slice(most).join(' '));
    }
    default:
      return cause.exitCode === 0 || cause.code === 'commander.help'
        ? undefined
        : valueError(whole, 'a command line as in --help', cause.message);
  }
}

function unknownFlag({ command, path }: UsageError, flag: string): ConvoyError {
  const whole = path.join(' ');
  const options = optionsOf(command).map(({ flags, alsoCalled }) => ({
    flag: flags.split(' ')[0] ?? flags,
    alsoCalled,
  }));
  const known = options.map((each) => each.flag);
  const aliases = Object.fromEntries(options.map((each) => [each.flag, each.alsoCalled]));
  return unknownKeyError(whole, flag, {
    known,
    aliases,
    list: `${whole} --help`,
    place: '',
    advice: adviceOnFlag(flag, known),
  });
}
