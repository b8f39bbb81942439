// `cambio completion SHELL`: what makes a shell complete the command's words, from the table of commands. Pure.
import { choices } from './choices.ts';
import type { Command } from './command.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

type Commands = Readonly<Record<string, Command>>;

const isFile = (name: string): boolean =>
  /(?:^|-)file$|^(?:policy|claims|actor-claims|client-key|client-cert)$|^(?:PATH|OLD|AUDIT\.jsonl)$/.test(name);

/** @returns the exit code. @throws UsageError for a shell that is not known */
export function completion(shell: string, commands: Commands, { stdout }: Output): number {
  const scripts: Readonly<Record<string, (commands: Commands) => string>> = { bash, zsh, fish };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (!script) throw new UsageError('completion takes bash, zsh or fish');
  stdout(script(commands));
  return exitCodes.ok;
}

interface Completed {
  readonly name: string;
  readonly options: readonly { readonly name: string; readonly takesValue: boolean }[];
  /** Its first word. */
  readonly argument: string | undefined;
  readonly runsProgram: boolean;
}

function completedOf(commands: Commands): readonly Completed[] {
  return Object.entries(commands).map(([name, { options, argument }]) => ({
    name,
    options: Object.entries(options).map(([option, { type }]) => ({ name: option, takesValue: type === 'string' })),
    argument: argument?.name.split(' ')[0],
    runsProgram: argument?.rest === true,
  }));
}

function nounsOf(commands: Commands): readonly string[] {
  return [...new Set(Object.keys(commands).map((name) => name.split(' ')[0] ?? ''))].sort();
}

function verbsOf(noun: string, commands: Commands): readonly string[] {
  return Object.keys(commands).flatMap((name) => (name.startsWith(`${noun} `) ? [name.slice(noun.length + 1)] : []));
}

function bash(commands: Commands): string {
  const completed = completedOf(commands);
  const nouns = nounsOf(commands);
  const options = [...new Set(completed.flatMap((each) => each.options.filter((option) => option.takesValue)))];
  const names = [...new Set(options.map(({ name }) => name))];
  const listed = names.filter((name) => Object.hasOwn(choices, name));
  const files = names.filter(isFile);
  const others = names.filter((name) => !listed.includes(name) && !files.includes(name));
  const verbs = nouns.flatMap((noun) => {
    const words = verbsOf(noun, commands);
    return words.length === 0 ? [] : [`      ${noun}) words='${words.join(' ')}' ;;`];
  });
  // The longer first: `aws exec` before `aws`.
  const cases = [...completed].sort((one, other) => other.name.length - one.name.length).map(bashCase);
  return `# completion of cambio for bash: eval "$(cambio completion bash)"
_cambio() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local noun="\${COMP_WORDS[1]}" verb='' words='' files='' at
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${nouns.join(' ')} --help --version' -- "$current"))
    return
  fi
  for ((at = 2; at < COMP_CWORD; at += 1)); do
    if [ "\${COMP_WORDS[at]}" = -- ]; then
      COMPREPLY=($(compgen -c -- "$current"))
      return
    fi
  done
  if [ "$COMP_CWORD" -gt 2 ]; then
    verb="\${COMP_WORDS[2]}"
  else
    case "$noun" in
${verbs.join('\n')}
    esac
  fi
  case "$previous" in
${listed.map((name) => `    --${name}) words='${choices[name]?.join(' ')}' ;;`).join('\n')}
    ${files.map((name) => `--${name}`).join('|')}) files=yes ;;
    ${others.map((name) => `--${name}`).join('|')}) return ;;
    *)
      case "$noun $verb" in
${cases.join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ -n "$files" ]; then
    local IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _cambio cambio
`;
}

function bashCase({ name, options, argument = '', runsProgram }: Completed): string {
  const words = [...(choices[argument] ?? []), ...options.map((option) => `--${option.name}`)];
  const pattern = name.includes(' ') ? `'${name}'` : `'${name} '*`;
  const more = runsProgram ? [...words, '--'] : words;
  return `        ${pattern}) words+=' ${more.join(' ')}'${isFile(argument) ? ' files=yes' : ''} ;;`;
}

/** zsh runs the completions of bash. */
function zsh(commands: Commands): string {
  return `# completion of cambio for zsh: eval "$(cambio completion zsh)", after compinit
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`;
}

function fish(commands: Commands): string {
  const seen = (words: string): string => `__fish_seen_subcommand_from ${words}`;
  const lines = completedOf(commands).flatMap(({ name, options, argument = '' }) => {
    const [noun = '', verb] = name.split(' ');
    const verbs = verbsOf(noun, commands);
    const alone = verbs.length === 0 ? seen(noun) : `${seen(noun)}; and not ${seen(verbs.join(' '))}`;
    const when = `complete -c cambio -n '${verb === undefined ? alone : `${seen(noun)}; and ${seen(verb)}`}'`;
    const words = choices[argument];
    return [
      ...options.map((option) => `${when} -l ${option.name}${fishValue(option)}`),
      ...(words ? [`${when} -a '${words.join(' ')}'`] : []),
      ...(isFile(argument) ? [`${when} -F`] : []),
    ];
  });
  const nouns = nounsOf(commands);
  const verbs = nouns.flatMap((noun) => {
    const words = verbsOf(noun, commands).join(' ');
    return words === '' ? [] : [`complete -c cambio -n '${seen(noun)}; and not ${seen(words)}' -a '${words}'`];
  });
  return `# completion of cambio for fish: cambio completion fish | source
complete -c cambio -f
complete -c cambio -n __fish_use_subcommand -a '${nouns.join(' ')}'
${[...verbs, ...lines].join('\n')}
`;
}

function fishValue({ name, takesValue }: Completed['options'][number]): string {
  if (!takesValue) return '';
  const words = choices[name];
  if (words) return ` -x -a '${words.join(' ')}'`;
  return isFile(name) ? ' -r -F' : ' -x';
}
