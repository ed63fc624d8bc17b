/** Whether `path` is a file that this user may execute. */
export function isExecutable(path: string): boolean;

/** The first of `names` that is executable in a directory of the PATH, or undefined. Directories count before names. */
export function onPath(...names: string[]): string | undefined;

/** The version that a server or client prints, as [major, minor, patch], or undefined if it does not run. */
export function versionOf(binary: string): number[] | undefined;
