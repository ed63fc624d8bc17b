import { mastersOf, onServer } from "../../backends/redis/masters.js";
import type { ResolvedConfig } from "../../config/schema.js";
import type { ServerInfos } from "../../metrics/fleet.js";

/** INFO of each master; none for DuckDB. Never rejects: a master that cannot be asked is undefined. */
export async function serverInfos({ backend, redis }: ResolvedConfig): Promise<ServerInfos | undefined> {
  if (backend !== "redis") return undefined;
  try {
    const masters = await mastersOf(redis);
    return await Promise.all(
      masters.map((master) =>
        onServer(master, async (send) => fieldsOf(String(await send("info", [])))).catch(() => undefined),
      ),
    );
  } catch {
    return [undefined];
  }
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(":") && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
