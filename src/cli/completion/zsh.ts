import { oneOf } from "./bash.js";
import { type DeclaredCommand, placesOf, valuedOf } from "./declared.js";

/** `name:what it does`, in quotes, for `_describe`. */
function described({ name, words }: { readonly name: string; readonly words: string }): string {
  const text = `${name.replaceAll(":", "\\:")}:${words.replaceAll("\n", " ")}`;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A script that zsh reads: `source <(sf-state completion zsh)`. */
export function zshCompletion(declared: readonly DeclaredCommand[]): string {
  const valued = valuedOf(declared);
  const global = declared[0]?.options ?? [];
  const words = declared.map(({ at, commands, options }) => {
    const own = [...commands, ...options, ...(at === "" ? [] : global)].map(described);
    return `    "${at}") found=(${own.join(" ")}) ;;`;
  });
  const choices = valued.flatMap(({ where, choices: known }) =>
    known.length === 0 ? [] : [`    ${oneOf([where])}) compadd -- ${known.join(" ")}; return ;;`],
  );
  return `#compdef sf-state
# zsh completion of sf-state, made from its own declarations.
_sf_state() {
  local at="" i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$at:\${words[i - 1]}" in ${oneOf(valued.map(({ where }) => where))}) continue ;; esac
    case "$at/\${words[i]}" in ${oneOf(placesOf(declared))}) at="$at/\${words[i]}" ;; esac
  done
  case "$at:\${words[CURRENT - 1]}" in
${choices.join("\n")}
    ${oneOf(valued.map(({ where }) => where))}) _files; return ;;
  esac
  case "$at" in
${words.join("\n")}
  esac
  _describe 'sf-state' found
}
compdef _sf_state sf-state
`;
}
