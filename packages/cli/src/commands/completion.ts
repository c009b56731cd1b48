import { Argument, Command } from 'commander';
import type { CommandContext } from './context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Word {
  readonly word: string;
  readonly description: string;
}

interface Completions {
  readonly program: string;
  readonly commands: readonly Word[];
  /** The options of each command, the ones of every command included. */
  readonly options: ReadonlyMap<string, readonly Word[]>;
}

const firstSentence = (text: string): string => text.split(/[.;:] /)[0] ?? text;

const optionsOf = (command: Command): readonly Word[] =>
  command.options.map(({ long, short, description }) => ({
    word: long ?? short ?? '',
    description: firstSentence(description),
  }));

function completionsOf(program: Command): Completions {
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const everywhere = [...optionsOf(program), { word: '--help', description: 'display help' }];
  return {
    program: 'kgossip',
    commands: commands.map((command) => ({
      word: command.name(),
      description: firstSentence(command.description()),
    })),
    options: new Map(commands.map((command) => [command.name(), [...optionsOf(command), ...everywhere]])),
  };
}

const words = (list: readonly Word[]): string => list.map(({ word }) => word).join(' ');
/** Between single quotes, for any of the three shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`;

function bash({ program, commands, options }: Completions): string {
  const cases = [...options].map(([name, list]) => `    ${name}) words="${words(list)}" ;;`).join('\n');
  return `# bash completion for ${program}: source <(${program} completion bash)
_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${words(commands)} " in *" $word "*) command="$word"; break ;; esac
  done
  case "$command" in
${cases}
    *) words="${words(commands)}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${program} ${program}
`;
}

function zsh({ program, commands, options }: Completions): string {
  const described = commands
    .map(({ word, description }) => `    ${quoted(`${word}:${description}`)}`)
    .join('\n');
  const cases = [...options].map(([name, list]) => `    ${name}) compadd -- ${words(list)} ;;`).join('\n');
  return `#compdef ${program}
# zsh completion for ${program}: source <(${program} completion zsh)
_${program}() {
  local -a commands
  commands=(
${described}
  )
  local command=\${words[(r)${commands.map(({ word }) => word).join('|')}]}
  case "$command" in
${cases}
    *) _describe command commands ;;
  esac
}
compdef _${program} ${program}
`;
}

function fish({ program, commands, options }: Completions): string {
  const top = commands.map(
    ({ word, description }) =>
      `complete -c ${program} -f -n __fish_use_subcommand -a ${word} -d ${quoted(description)}`,
  );
  const inner = [...options].flatMap(([name, list]) =>
    list
      .filter(({ word }) => word.startsWith('--'))
      .map(
        ({ word, description }) =>
          `complete -c ${program} -n '__fish_seen_subcommand_from ${name}' -l ${word.slice(2)} -d ${quoted(description)}`,
      ),
  );
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
