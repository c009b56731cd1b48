import { Argument, Command } from 'commander';
import type { CommandContext } from './context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Word {
  readonly word: string;
  readonly description: string;
}

/** What may follow one command: the names of its own commands, and options. */
interface Place {
  /** The words that lead to it, like `remedy show`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
}

interface Completions {
  readonly program: string;
  readonly commands: readonly Word[];
  /** Each command and each command of a command. */
  readonly places: readonly Place[];
}

const firstSentence = (text: string): string => text.split(/[.;:] /)[0] ?? text;

const optionsOf = (command: Command): readonly Word[] =>
  command.options.map(({ long, short, description }) => ({
    word: long ?? short ?? '',
    description: firstSentence(description),
  }));

const commandsOf = (command: Command): readonly Command[] =>
  command.commands.filter((one) => one.name() !== 'help');

const namesOf = (commands: readonly Command[]): readonly Word[] =>
  commands.map((command) => ({ word: command.name(), description: firstSentence(command.description()) }));

function completionsOf(program: Command): Completions {
  const everywhere = [...optionsOf(program), { word: '--help', description: 'display help' }];
  const placesOf = (command: Command, above: readonly string[]): readonly Place[] => {
    const path = [...above, command.name()];
    const inner = commandsOf(command);
    return [
      {
        path: path.join(' '),
        commands: namesOf(inner),
        options: [...optionsOf(command), ...everywhere],
      },
      ...inner.flatMap((one) => placesOf(one, path)),
    ];
  };
  const commands = commandsOf(program);
  return {
    program: 'kgossip',
    commands: namesOf(commands),
    places: commands.flatMap((command) => placesOf(command, [])),
  };
}

const words = (list: readonly Word[]): string => list.map(({ word }) => word).join(' ');
/** Between single quotes, for any of the three shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`;

/** For bash and zsh: finds the longest path of commands among the words, whatever options stand between them. */
const findPath = (places: readonly Place[], typed: string): string => `for word in ${typed}; do
    case "|${places.map(({ path }) => path).join('|')}|" in
      *"|\${command:+$command }$word|"*) command="\${command:+$command }$word" ;;
    esac
  done`;

function bash({ program, commands, places }: Completions): string {
  const cases = places
    .map(({ path, commands: inner, options }) => `    '${path}') words="${words([...inner, ...options])}" ;;`)
    .join('\n');
  return `# bash completion for ${program}: source <(${program} completion bash)
_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" word words
  ${findPath(places, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  case "$command" in
${cases}
    *) words="${words(commands)}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${program} ${program}
`;
}

function zsh({ program, commands, places }: Completions): string {
  const described = commands
    .map(({ word, description }) => `    ${quoted(`${word}:${description}`)}`)
    .join('\n');
  const cases = places
    .map(
      ({ path, commands: inner, options }) => `    '${path}') compadd -- ${words([...inner, ...options])} ;;`,
    )
    .join('\n');
  return `#compdef ${program}
# zsh completion for ${program}: source <(${program} completion zsh)
_${program}() {
  local -a commands
  commands=(
${described}
  )
  local command="" word
  ${findPath(places, '"${(@)words[2,CURRENT-1]}"')}
  case "$command" in
${cases}
    *) _describe command commands ;;
  esac
}
compdef _${program} ${program}
`;
}

/** Fish is asked for each word of a path whether it was seen. */
const seen = (path: string): string =>
  path
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');

function fish({ program, commands, places }: Completions): string {
  const top = commands.map(
    ({ word, description }) =>
      `complete -c ${program} -f -n __fish_use_subcommand -a ${word} -d ${quoted(description)}`,
  );
  const inner = places.flatMap(({ path, commands: names, options }) => [
    ...names.map(
      ({ word, description }) =>
        `complete -c ${program} -f -n '${seen(path)}; and not __fish_seen_subcommand_from ${words(names)}' -a ${word} -d ${quoted(description)}`,
    ),
    ...options
      .filter(({ word }) => word.startsWith('--'))
      .map(
        ({ word, description }) =>
          `complete -c ${program} -n '${seen(path)}' -l ${word.slice(2)} -d ${quoted(description)}`,
      ),
  ]);
  return `# fish completion for ${program}: ${program} completion fish | source\n${[...top, ...inner].join('\n')}\n`;
}

const WRITERS: Readonly<Record<(typeof SHELLS)[number], (completions: Completions) => string>> = {
  bash,
  zsh,
  fish,
};

/** `kgossip completion <shell>`. */
export const completionCommand = ({ io }: CommandContext, program: Command): Command =>
  new Command('completion')
    .description('Print a completion script for a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(kgossip completion bash)\n  kgossip completion fish | source',
    )
    .action((shell: (typeof SHELLS)[number]) => io.out(WRITERS[shell](completionsOf(program))));
