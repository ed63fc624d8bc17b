import { type DeclaredCommand, type DeclaredOption, placesOf, valuedOf } from "./declared.js";

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", " ")}'`;
}

function optionLine(at: string, { name, words, takesValue, choices }: DeclaredOption): string {
  const where = at === "" ? "" : ` -n ${quoted(`__sf_state_at ${at}`)}`;
  const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : takesValue ? " -r" : "";
  return `complete -c sf-state${where} -l ${name.slice(2)}${value} -d ${quoted(words)}`;
}

/** A script that fish reads: `sf-state completion fish | source`. */
export function fishCompletion(declared: readonly DeclaredCommand[]): string {
  const lines = declared.flatMap(({ at, commands, options }) => [
    ...commands.map(
      ({ name, words }) =>
        `complete -c sf-state -f -n ${quoted(`__sf_state_at ${at === "" ? "/" : at}`)} -a ${name} -d ${quoted(words)}`,
    ),
    ...options.map((option) => optionLine(at, option)),
  ]);
  return `# fish completion of sf-state, made from its own declarations.
set -g __sf_state_valued ${valuedOf(declared)
    .map(({ where }) => quoted(where))
    .join(" ")}
function __sf_state_at
  set -l at ""
  set -l before ""
  for word in (commandline -opc)[2..-1]
    if not contains -- "$at:$before" $__sf_state_valued; and not contains -- "*:$before" $__sf_state_valued
      if contains -- "$at/$word" ${placesOf(declared).join(" ")}
        set at "$at/$word"
      end
    end
    set before $word
  end
  test "$at" = "$argv[1]" -o "$at" = "" -a "$argv[1]" = "/"
end
${lines.join("\n")}
`;
}
