import { Argument } from "@commander-js/extra-typings";
import type { AddCommand } from "../command.js";
import { bashCompletion } from "../completion/bash.js";
import { type DeclaredCommand, declaredBy } from "../completion/declared.js";
import { fishCompletion } from "../completion/fish.js";
import { zshCompletion } from "../completion/zsh.js";

const SHELLS = ["bash", "zsh", "fish"] as const;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (declared: readonly DeclaredCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const addCompletion: AddCommand = (program, run) => {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "whose").choices(SHELLS))
    .description("Print a script by which a shell completes commands and options. It needs no flow.")
    .addHelpText(
      "after",
      "\nfish: sf-state completion fish | source\nbash and zsh:\n\nExample:\n  $ sf-state completion bash > ~/.sf-state-completion && source ~/.sf-state-completion",
    )
    .action((shell, _, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const script = SCRIPTS[shell](declaredBy(program));
        if (invocation.json) invocation.print({ shell, script }, () => script);
        else invocation.terminal.out(script);
      }),
    );
};
