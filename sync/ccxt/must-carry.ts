/** Stops an order whose client order id ccxt has dropped, renamed or altered: it could never be found again. */
import type { SentRequest } from "./ask.js";
import type { DialectIds } from "./language/dialect.js";
import { Unreadable } from "./language/row.js";

/** Throws for a request that submits an order without this id under a name that the exchange reads. */
export function mustCarry(request: SentRequest, theirs: string, ids: DialectIds): void {
  const isSubmit = ids.isSubmit?.(request) ?? request.method === "POST";
  if (!isSubmit) return;
  const sent = (ids.form?.prefix ?? "") + theirs;
  if (ids.sentAs.some((name) => carries(request, name, sent) || carries(request, name, theirs))) return;
  throw new Unreadable(
    `ccxt does not send the client order id ${theirs} as ${ids.sentAs.join(" or ")}: an order without it cannot be found again, and it was not sent`,
    "unsupported",
  );
}

/** Looks in a query, a form or JSON: `name=value`, `"name":"value"`, `"name":1`. */
function carries({ url, body }: SentRequest, name: string, value: string): boolean {
  const literal = `(?:${escaped(value)}|${escaped(encodeURIComponent(value))})`;
  const pair = new RegExp(`(?:^|[?&{,"\\s])${escaped(name)}(?:=|"\\s*:\\s*"?)${literal}(?:$|["&,}\\s])`);
  return pair.test(url) || pair.test(body);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
