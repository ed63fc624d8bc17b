/** The exit code tells a script how the command ended. */
export const EXIT = {
  fine: 0,
  /** The command did its work, and its result (or what it could not do) needs somebody. */
  problem: 1,
  wrongUse: 2,
  cannotConnect: 3,
  /** There is no such flow. */
  unknownFlow: 4,
  /** The bot that holds the file does not answer: its event loop stands still, or it is stopped. */
  botStandsStill: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command cannot be carried out as written. The message says what to write instead. */
export class UsageError extends Error {}

/** The person at the terminal has to know of an obstacle. It is shown in one line, and the exit code is 1. */
export class ProblemError extends Error {}
