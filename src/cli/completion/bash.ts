import { type DeclaredCommand, placesOf, valuedOf } from "./declared.js";

/** A pattern for `case` that matches one of these texts; a leading `*` stays a wildcard. */
export function oneOf(texts: readonly string[]): string {
  return texts.map((text) => (text.startsWith("*") ? `*"${text.slice(1)}"` : `"${text}"`)).join(" | ");
}

/** A script that bash reads: `source <(sf-state completion bash)`. */
export function bashCompletion(declared: readonly DeclaredCommand[]): string {
  const valued = valuedOf(declared);
  const global = declared[0]?.options.map(({ name }) => name) ?? [];
  const words = declared.map(({ at, commands, options }) => {
    const own = [...commands, ...options].map(({ name }) => name);
    return `    "${at}") words="${(at === "" ? own : [...own, ...global]).join(" ")}" ;;`;
  });
  const choices = valued.flatMap(({ where, choices: known }) =>
    known.length === 0
      ? []
      : [`    ${oneOf([where])}) COMPREPLY=($(compgen -W "${known.join(" ")}" -- "$cur")); return ;;`],
  );
  return `# bash completion of sf-state, made from its own declarations.
_sf_state() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" at="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at:\${COMP_WORDS[i - 1]}" in ${oneOf(valued.map(({ where }) => where))}) continue ;; esac
    case "$at/\${COMP_WORDS[i]}" in ${oneOf(placesOf(declared))}) at="$at/\${COMP_WORDS[i]}" ;; esac
  done
  case "$at:$prev" in
${choices.join("\n")}
    ${oneOf(valued.map(({ where }) => where))}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case "$at" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _sf_state sf-state
`;
}
