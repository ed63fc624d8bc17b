/** The body of a request, for each kind of receiver. Stored text is escaped, so that it formats, links and mentions nothing. */
import { printable } from "../words/printable.js";
import type { Template } from "../words/word-lists.js";
import type { Alert } from "./alert.js";

const MARKS = { new: "🔴", lasts: "🔴", resolved: "✅" } as const;

/** Telegram accepts 4096 characters (entities count as parsed), Discord 2000; Slack cuts at 40,000. */
const LONGEST = { telegram: 4000, discord: 1900, slack: 30_000 } as const;

/** The body of a request, as JSON. `chat` is the Telegram chat. */
export function bodyOf(template: Template, alerts: readonly Alert[], chat?: string): string {
  switch (template) {
    case "json":
      return JSON.stringify({ alerts });
    case "telegram":
      return JSON.stringify({
        chat_id: chat,
        parse_mode: "HTML",
        link_preview_options: { is_disabled: true },
        text: linesOf(alerts, html, LONGEST.telegram),
      });
    case "slack":
      return JSON.stringify({ text: linesOf(alerts, slack, LONGEST.slack), mrkdwn: false, unfurl_links: false });
    case "discord":
      return JSON.stringify({ content: linesOf(alerts, discord, LONGEST.discord), allowed_mentions: { parse: [] } });
  }
}

function linesOf(alerts: readonly Alert[], escaping: (text: string) => string, longest: number): string {
  let text = "";
  for (const [at, { state, flow, kind, text: words }] of alerts.entries()) {
    const said = state === "new" ? "" : state === "lasts" ? " still" : " resolved";
    const line = `${MARKS[state]} ${printable(flow)}: ${kind}${said}. ${printable(words)}`;
    const rest = `... and ${alerts.length - at} more`;
    const escaped = escaping(line);
    if (text.length + escaped.length + rest.length + 1 > longest) {
      if (at > 0) return `${text}${rest}`;
      return escaping(line.slice(0, Math.floor((longest - rest.length) / 6)));
    }
    text += `${escaped}\n`;
  }
  return text;
}

/** Escaped for Telegram's HTML. */
export function html(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** Slack has three entities; a link, a mention or a channel begins with `<`. */
export function slack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Discord's Markdown: every special character is escaped. The request also switches mentions off. */
export function discord(text: string): string {
  return text.replace(/[\\*_~`|>#[\]()<:@-]/g, "\\$&").replaceAll("http", "h\u200bttp");
}
