import { readFile } from "node:fs/promises";
import { parseRedisUrl, type RedisUrl } from "../../config/redis-url.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { ConfigError } from "../../errors.js";
import { errorText } from "../../words/error-text.js";
import { ConnectFailure } from "./connect-failure.js";

/** The user and password. Without a user name, the user is `default`. */
export interface Login {
  readonly username?: string;
  readonly password: string;
}

/** Called for every connection, for credentials that change, such as the tokens of a cloud. */
export type Credentials = () => Login | Promise<Login>;

/** Where the server is and how to get there; credentials may come from a function. */
export type RedisConfig = ResolvedConfig["redis"] & { readonly credentials?: Credentials };

/** The parts of `redis.url`. */
export function urlOf(config: RedisConfig): RedisUrl {
  const url = parseRedisUrl(config.url);
  if ("fault" in url) throw new ConfigError(`redis.url: expected ${url.fault}`);
  return url;
}

/** The user and password for the next connection; undefined: none. Rejects with a ConnectFailure that says where they should have come from. */
export async function loginOf(config: RedisConfig): Promise<Login | undefined> {
  const url = urlOf(config);
  const username = config.username ?? url.username;
  const named = (password: string): Login => (username === undefined ? { password } : { username, password });
  if (config.credentials) return given(config.credentials, named);
  if (config.password_file !== undefined) return named(await passwordIn(config.password_file));
  const password = config.password ?? url.password ?? "";
  return password === "" && username === undefined ? undefined : named(password);
}

async function given(credentials: Credentials, named: (password: string) => Login): Promise<Login> {
  let login: Login;
  try {
    login = await credentials();
  } catch (error) {
    throw new ConnectFailure(`options.credentials failed: ${errorText(error)}`);
  }
  if (typeof login?.password !== "string" || !["string", "undefined"].includes(typeof login.username)) {
    throw new ConnectFailure("options.credentials: expected it to give { username?, password }, both strings");
  }
  return login.username === undefined ? named(login.password) : login;
}

/** The file's text without the line break at its end. */
async function passwordIn(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw new ConnectFailure(`redis.password_file cannot be read: ${errorText(error)}`);
  }
}
