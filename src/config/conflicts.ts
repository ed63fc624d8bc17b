/** Keys of the configuration that contradict each other. */

import { accountConflicts } from "./account.js";
import type { Problem } from "./problem.js";
import { parseRedisUrl } from "./redis-url.js";

/** The contradictions, judged by what was written, so that they are reported along with all other problems. */
export function conflicts(config: unknown): Problem[] {
  const redis = read(config, "redis");
  const tls = read(redis, "tls");
  const problems: Problem[] = [];
  const wrong = (path: string[], text: string) => problems.push({ path: ["redis", ...path], at: "key", text });

  if (has(redis, "sentinels")) {
    if (!has(redis, "sentinel_name")) {
      wrong(["sentinel_name"], 'missing: redis.sentinels needs the name of the master it watches, such as "mymaster"');
    }
    if (read(redis, "cluster") === true)
      wrong(["sentinels"], "cannot be used with redis.cluster: true; remove one of them");
  } else {
    for (const key of ["sentinel_name", "sentinel_username", "sentinel_password"]) {
      if (has(redis, key)) wrong([key], "is only used with redis.sentinels; add those or remove it");
    }
  }
  if (has(redis, "nodes") && read(redis, "cluster") !== true) {
    wrong(["nodes"], "is only used with redis.cluster: true; add that or remove it");
  }
  const url = read(redis, "url");
  const address = typeof url === "string" ? parseRedisUrl(url) : undefined;
  if (read(redis, "cluster") === true && address !== undefined && "db" in address && address.db !== 0) {
    wrong(["url"], `names database ${address.db}, but a cluster has only database 0`);
  }
  if (address !== undefined && "path" in address) {
    for (const key of ["sentinels", "nodes", "tls"]) {
      if (has(redis, key)) wrong([key], "cannot be used with a socket file (unix://) as redis.url; remove one of them");
    }
    if (read(redis, "cluster") === true) wrong(["cluster"], "cannot be true with a socket file (unix://) as redis.url");
  }
  if (has(redis, "password_file") && has(redis, "password")) {
    wrong(["password_file"], "cannot be used with redis.password; remove one of them");
  }
  if (has(redis, "nat_map") && read(redis, "cluster") !== true && !has(redis, "sentinels")) {
    wrong(["nat_map"], "is only used with redis.cluster: true or redis.sentinels; add one of those or remove it");
  }
  if (has(tls, "cert_file") !== has(tls, "key_file")) {
    const [there, missing] = has(tls, "cert_file") ? ["cert_file", "key_file"] : ["key_file", "cert_file"];
    wrong(["tls", missing], `missing: redis.tls.${there} needs it`);
  }
  problems.push(...accountConflicts(config, read));
  if (has(read(config, "mark"), "path")) {
    const without = (text: string) => problems.push({ path: ["mark", "path"], at: "key", text });
    if (read(read(config, "events"), "max_length") === 0) {
      without("needs events, which it is compared with: remove it, or keep some (events.max_length)");
    }
    const backend = read(config, "backend");
    if (backend === undefined || backend === "memory") {
      without("is only used with backend: redis or duckdb; state in memory ends with its process");
    }
  }
  problems.push(...alertConflicts(read(config, "alerts")));
  return problems;
}

function alertConflicts(alerts: unknown): Problem[] {
  if (typeof alerts !== "object" || alerts === null) return [];
  const problems: Problem[] = [];
  const wrong = (key: string, text: string) => problems.push({ path: ["alerts", key], at: "key", text });
  const [receiver, ...others] = ["webhook", "webhook_file", "exec"].filter((key) => has(alerts, key));
  if (receiver === undefined) wrong("webhook", "missing: where alerts go; or webhook_file, or exec");
  for (const other of others) wrong(other, `cannot be used with alerts.${receiver}; remove one of them`);
  const isTelegram = read(alerts, "template") === "telegram";
  if (isTelegram && !has(alerts, "chat")) wrong("chat", "missing: template: telegram needs the id of the chat");
  if (!isTelegram && has(alerts, "chat")) wrong("chat", "is only used with template: telegram; add that or remove it");
  if (receiver === "exec") {
    for (const key of ["template", "secret_file"]) {
      if (has(alerts, key)) wrong(key, "is only used with a webhook; remove it");
    }
  }
  return problems;
}

function has(parent: unknown, key: string): boolean {
  return read(parent, key) !== undefined;
}

function read(parent: unknown, key: string): unknown {
  return typeof parent === "object" && parent !== null && Object.hasOwn(parent, key)
    ? Reflect.get(parent, key)
    : undefined;
}
