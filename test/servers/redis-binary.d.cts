/**
 * The path of a server that runs on this machine, fetched once if there is none.
 * Throws an Error that says what was tried and what to install.
 */
export function redisBinary(): string;

/** The path of a server that is already here, or undefined: takes milliseconds, fetches nothing and never throws. */
export function knownRedisBinary(): string | undefined;

/** The path of redis-cli: on the PATH, beside the server, or from Debian's redis-tools, which is fetched if need be. */
export function redisCli(): string;
