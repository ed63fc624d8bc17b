import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificates } from "./certificates.js";
import { makeFolder } from "./folder.js";
import { onFreePort } from "./ports.js";
import { type RedisServer, serve } from "./server.js";
import { launch } from "./server-process.js";

const USERNAME = "bot";

/**
 * The least that a bot's user needs: its own keys, scripts, and what they and the reads call.
 * `@connection` is hello, auth, ping, client setname|setinfo and the like. `@dangerous` takes away flushall, keys, shutdown,
 * debug, config, acl and others; info and config get come back for the client's checks when it connects.
 */
const RULES = [
  "resetkeys ~sf:* resetchannels",
  "-@all +@connection +@read +@write +time",
  "+eval +evalsha +eval_ro +evalsha_ro +script|load +script|exists",
  "-@admin -@dangerous +info +config|get",
].join(" ");

/** A server that speaks TLS only, and knows one user who may touch keys under `sf:` only. */
export interface TlsRedisServer extends RedisServer {
  /** `rediss://bot:password@127.0.0.1:port` */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly caFile: string;
  readonly username: string;
  readonly password: string;
}

/** Starts a Redis that listens on a TLS port only, with the default user off and the ACL user `bot` limited to `~sf:*`. */
export function startTlsRedis(): Promise<TlsRedisServer> {
  return onFreePort(startOn);
}

async function startOn(port: number): Promise<TlsRedisServer> {
  const dir = await makeFolder();
  const { caFile, certFile, keyFile } = await makeCertificates(dir);
  const password = randomBytes(16).toString("hex");
  const aclFile = join(dir, "users.acl");
  await writeFile(aclFile, `user default off\nuser ${USERNAME} on >${password} ${RULES}\n`);
  const args = [
    ...["--bind", "127.0.0.1", "--port", "0", "--tls-port", `${port}`, "--save", "", "--dir", dir],
    ...["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", caFile],
    ...["--tls-auth-clients", "no", "--aclfile", aclFile],
  ];
  const server = await serve({
    url: `rediss://${USERNAME}:${password}@127.0.0.1:${port}`,
    endpoint: { port, ca: await readFile(caFile) },
    dir,
    temporary: true,
    cliArgs: ["--tls", "--cacert", caFile, "--user", USERNAME, "--pass", password, "--no-auth-warning"],
    run: async () => launch(args, dir),
  });
  return Object.assign(server, { caFile, username: USERNAME, password });
}
