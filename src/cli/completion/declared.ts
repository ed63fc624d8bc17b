/** The declarations of the commands, in the form that completion needs. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

export interface DeclaredOption {
  /** `--flow` */
  readonly name: string;
  readonly words: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** A command or a subcommand; the program itself has the place "". */
export interface DeclaredCommand {
  /** `/orders/show` */
  readonly at: string;
  /** Its subcommands, and the declared choices of its arguments. */
  readonly commands: readonly { readonly name: string; readonly words: string }[];
  /** Its own options; those of the program are at "" and apply to all commands. */
  readonly options: readonly DeclaredOption[];
}

/** The program and all its commands. */
export function declaredBy(command: CommandUnknownOpts, at = ""): DeclaredCommand[] {
  const own: DeclaredCommand = {
    at,
    commands: [
      ...command.commands.map((each) => ({ name: each.name(), words: each.description() })),
      ...command.registeredArguments.flatMap(({ argChoices = [], description }) =>
        argChoices.map((name) => ({ name, words: description })),
      ),
    ],
    options: [
      ...command.options.map(({ long, flags, description, required, optional, argChoices = [] }) => ({
        name: long ?? flags,
        words: description,
        takesValue: required || optional,
        choices: argChoices,
      })),
      ...(at === "" ? [{ name: "--help", words: "show help", takesValue: false, choices: [] }] : []),
    ],
  };
  return [own, ...command.commands.flatMap((each) => declaredBy(each, `${at}/${each.name()}`))];
}

/** Every command, as `/orders/show`. */
export function placesOf(declared: readonly DeclaredCommand[]): string[] {
  return declared.flatMap(({ at }) => (at === "" ? [] : [at]));
}

/** Which options take a value, and where: `/orders/show:--flow`, or `*:--flow` for an option of all commands. */
export function valuedOf(
  declared: readonly DeclaredCommand[],
): { readonly where: string; readonly choices: readonly string[] }[] {
  return declared.flatMap(({ at, options }) =>
    options.flatMap(({ name, takesValue, choices }) =>
      takesValue ? [{ where: `${at === "" ? "*" : at}:${name}`, choices }] : [],
    ),
  );
}
