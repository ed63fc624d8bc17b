/** Runs a program to its end. Throws an Error with the line that says why when it does not end with 0. */
export function run(
  program: string,
  args: readonly string[],
  options?: { readonly limit?: number; readonly cwd?: string },
): string;
