/** What begins every sequence that steers a terminal. */
export const ESCAPE = "\u001b";
