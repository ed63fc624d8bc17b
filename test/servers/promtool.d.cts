/** The path of promtool. Throws an Error that says what was tried and what to install. */
export function promtool(): string;
