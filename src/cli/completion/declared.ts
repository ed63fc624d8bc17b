/** What the commands declare, as completion needs it. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

export interface DeclaredOption {
  /** `--flow` */
  readonly name: string;
  readonly words: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** A command, or a command of a command; the program itself is at "". */
export interface DeclaredCommand {
  /** `/orders/show` */
  readonly at: string;
  /** Its commands, and what its arguments may be where that is declared. */
  readonly commands: readonly { readonly name: string; readonly words: string }[];
  /** Its own; those of the program stand at "" and hold for all. */
  readonly options: readonly DeclaredOption[];
}

/** The program and all that is in it. */
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

/** Where which options stand that take a value: `/orders/show:--flow`, or `*:--flow` of those that hold for all. */
export function valuedOf(
  declared: readonly DeclaredCommand[],
): { readonly where: string; readonly choices: readonly string[] }[] {
  return declared.flatMap(({ at, options }) =>
    options.flatMap(({ name, takesValue, choices }) =>
      takesValue ? [{ where: `${at === "" ? "*" : at}:${name}`, choices }] : [],
    ),
  );
}
