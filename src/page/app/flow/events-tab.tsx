import { useEffect, useRef, useState } from "preact/hooks";
import type { EventAnswer, EventsAnswer, FlowAnswer, RefusalsAnswer } from "../../wire.js";
import { AskError, flowPath, get } from "../live/ask.js";
import { nameKey } from "../live/fleet-state.js";
import { onFlow } from "../live/live.js";
import { Problem } from "../parts/dialog.js";
import { Moment } from "../parts/numbers.js";
import { Panel, Table } from "../parts/panel.js";
import { Text, visible } from "../parts/text.js";
import { Side } from "./now-tab.js";

export function EventsTab({ answer, now }: { answer: FlowAnswer; now: number }) {
  return (
    <>
      <Refusals answer={answer} now={now} />
      <Events answer={answer} now={now} />
    </>
  );
}

type Refusal = RefusalsAnswer["refusals"][number];

/** `02:13` or `02:13:07`: the page itself searches for a time of day; the server for everything else. */
const TIME = /^\d\d:\d\d(:\d\d)?$/;
const PAGE = 50;
/** The server keeps this many. */
const ALL = 10_000;
/** The most rows in an answer. */
const LARGEST = 500;

function Refusals({ answer, now }: { answer: FlowAnswer; now: number }) {
  const search = (text: string): Page<Refusal> => {
    const isTime = TIME.test(text);
    return {
      path: (before) => {
        const query = isTime || text === "" ? "" : `&query=${encodeURIComponent(text)}`;
        return flowPath(
          answer,
          `/refusals?limit=${isTime ? LARGEST : PAGE}${query}${before === undefined ? "" : `&before=${encodeURIComponent(before)}`}`,
        );
      },
      read: (page) => {
        const { refusals, before } = page as RefusalsAnswer;
        return { rows: isTime ? refusals.filter(({ at }) => at.slice(11).startsWith(text)) : refusals, before };
      },
      pages: isTime ? ALL / LARGEST : 1,
    };
  };
  const { rows, before, more, text, setText, isBusy, problem } = useSearch(answer, search, ({ key }) => key);
  return (
    <Panel
      id="refusals"
      title="Refused entries"
      beside={<span class="dim small">the newest 10,000; newest first</span>}
    >
      <Search
        name="refusals"
        text={text}
        onText={setText}
        hint="order, signal, pair, reason, or a time such as 02:13"
      />
      <Problem of={problem} />
      {rows.length === 0 ? (
        <p class="empty">{isBusy ? "Looking…" : text === "" ? "No entry was refused." : "Nothing was found."}</p>
      ) : (
        <Table head={[["when (UTC)"], ["entry"], ["reason"], ["why"], ["signal"], ["by"]]}>
          {rows.map((row) => (
            <tr key={row.key}>
              <td class="first">
                <Moment at={row.at} now={now} />
              </td>
              <td class="nowrap">
                <b>
                  <Text of={row.pair} />
                </b>{" "}
                <Side of={row.side} />
              </td>
              <td>
                <span class="tag warn">{row.reason.replaceAll("_", " ")}</span>
              </td>
              <td class="first">
                <Text of={row.message} limit={600} />
              </td>
              <td data-label="signal">
                <Text of={row.signalId} mono />
              </td>
              <td data-label="by">
                <Text of={row.instance} mono />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {before !== null && <More isBusy={isBusy} onClick={more} />}
    </Panel>
  );
}

function Events({ answer, now }: { answer: FlowAnswer; now: number }) {
  const search = (text: string): Page<EventAnswer> => ({
    path: (before) =>
      flowPath(
        answer,
        `/events?limit=${PAGE}${text === "" ? "" : `&query=${encodeURIComponent(text)}`}${before === undefined ? "" : `&before=${encodeURIComponent(before)}`}`,
      ),
    read: (page) => {
      const { events, before, isTrimmed } = page as EventsAnswer;
      return { rows: events, before, isTrimmed };
    },
    pages: 20,
  });
  const { rows, before, more, text, setText, isBusy, problem, isTrimmed } = useSearch(
    answer,
    search,
    ({ event }) => event.id,
  );
  return (
    <Panel id="events" title="Events" beside={<span class="dim small">newest first; each opens</span>}>
      <Search name="events" text={text} onText={setText} hint="order, signal, pair, position or type" />
      <Problem of={problem} />
      {rows.length === 0 && (
        <p class="empty">{isBusy ? "Looking…" : text === "" ? "Nothing has happened yet." : "Nothing was found."}</p>
      )}
      <ol class="log">
        {rows.map((row) => (
          <Event key={row.event.id} row={row} now={now} answer={answer} />
        ))}
      </ol>
      {before !== null && <More isBusy={isBusy} onClick={more} />}
      {before === null && isTrimmed && <p class="small warn">Older events are no longer kept.</p>}
    </Panel>
  );
}

function Event({ row: { event, words }, now, answer }: { row: EventAnswer; now: number; answer: FlowAnswer }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span class="dim">
            <Moment at={event.at} now={now} />
          </span>
          <span class={`nowrap ${colourOf(event.type)}`}>{event.type.replaceAll("_", " ")}</span>
          <span class="words">
            <Text of={words} limit={400} />
          </span>
          <span class="by dim small">
            <Text of={event.instance} mono limit={30} />
          </span>
        </summary>
        {isOpen && (
          <>
            <Copied text={visibleJson(event)} />
            {answer.snapshot && <RedisLine answer={answer} id={event.id} />}
          </>
        )}
      </details>
    </li>
  );
}

function colourOf(type: string): string {
  if (/tripped|lost|difference|recovery_begun/.test(type)) return "bad";
  if (/reset|approved|admitted/.test(type)) return "ok";
  return "";
}

/** Command that finds the event in redis-cli or, for a file, in SQL. */
function RedisLine({ answer: { flowId, logKey }, id }: { answer: FlowAnswer; id: string }) {
  if (logKey === undefined) return <Copied text={`sf-state events --flow ${quoted(flowId)} --json`} />;
  return <Copied text={`redis-cli XRANGE ${quoted(logKey)} ${id} ${id}`} />;
}

/** Quoted for a shell; invisible characters are escaped as bash reads them. */
function quoted(text: string): string {
  if (/^[\w:.@%+=/-]+$/.test(text)) return text;
  const shown = visible(text);
  return shown === text ? `'${text.replaceAll("'", "'\\''")}'` : `$'${escapes(text)}'`;
}

function escapes(text: string): string {
  return Array.from(text, (letter) =>
    visible(letter) === letter
      ? letter.replace(/['\\]/, "\\$&")
      : `\\U${(letter.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`,
  ).join("");
}

function visibleJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2)
    .split("\n")
    .map((line) => visible(line))
    .join("\n");
}

function Copied({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div class="copy">
      <pre>{text}</pre>
      <button
        type="button"
        onClick={() => {
          navigator.clipboard?.writeText(text).then(
            () => setCopied(true),
            () => {},
          );
        }}
      >
        {isCopied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}

function Search({
  name,
  text,
  onText,
  hint,
}: {
  name: string;
  text: string;
  onText: (text: string) => void;
  hint: string;
}) {
  return (
    <div class="search">
      <input
        type="search"
        name={`search-${name}`}
        value={text}
        placeholder={hint}
        aria-label={`Search: ${hint}`}
        autoComplete="off"
        spellcheck={false}
        onInput={(event) => onText(event.currentTarget.value.trim())}
      />
    </div>
  );
}

function More({ isBusy, onClick }: { isBusy: boolean; onClick: () => void }) {
  return (
    <p class="actions">
      <button type="button" disabled={isBusy} onClick={onClick}>
        {isBusy ? "Looking…" : "Older"}
      </button>
    </p>
  );
}

/** How pages of a search are requested. `pages`: how many are read in a row while none has a result. */
interface Page<Row> {
  readonly path: (before: string | undefined) => string;
  readonly read: (page: unknown) => { rows: readonly Row[]; before: string | null; isTrimmed?: boolean };
  readonly pages: number;
}

interface Found<Row> {
  readonly text: string;
  readonly rows: readonly Row[];
  readonly before: string | null;
  readonly isTrimmed: boolean;
  readonly problem?: string;
}

const TYPING_MS = 200;
const AGAIN_MS = 2000;

/** The rows that match a search, page by page. New rows are added at the top while the page is open. */
function useSearch<Row>(answer: FlowAnswer, pageOf: (text: string) => Page<Row>, keyOf: (row: Row) => string) {
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(true);
  const [found, setFound] = useState<Found<Row>>({ text: "", rows: [], before: null, isTrimmed: false });
  const end = useRef(new AbortController());
  const key = nameKey(answer);

  const load = async (how: "anew" | "newer" | "older", signal: AbortSignal) => {
    const { path, read, pages } = pageOf(text);
    setBusy(true);
    try {
      let before = how === "older" ? (found.before ?? undefined) : undefined;
      let rows: readonly Row[] = [];
      let next: string | null = null;
      let isTrimmed = false;
      for (let left = pages; left > 0; left--) {
        const page = read(await get(path(before), signal));
        rows = [...rows, ...page.rows];
        next = page.before;
        isTrimmed = page.isTrimmed ?? false;
        if (next === null || rows.length >= PAGE || how === "newer") break;
        if (rows.length > 0 && pages === 1) break;
        before = next;
      }
      setFound((old) => {
        const { problem: _, ...kept } = old;
        if (how === "older") return { ...kept, rows: [...old.rows, ...rows], before: next, isTrimmed };
        if (how === "anew" || old.text !== text) return { text, rows, before: next, isTrimmed };
        const known = new Set(old.rows.map(keyOf));
        const isOverlapping = rows.some((row) => known.has(keyOf(row)));
        if (!isOverlapping) return { text, rows, before: next, isTrimmed }; // more rows came than a page has
        return { ...kept, rows: [...rows.filter((row) => !known.has(keyOf(row))), ...old.rows] };
      });
      setBusy(false);
    } catch (error) {
      if (signal.aborted) return;
      setBusy(false);
      setFound((old) => ({ ...old, problem: error instanceof AskError ? error.message : String(error) }));
    }
  };

  const newest = useRef(load);
  newest.current = load;
  useEffect(() => {
    end.current.abort();
    const mine = new AbortController();
    end.current = mine;
    let timer = setTimeout(() => newest.current("anew", mine.signal), found.rows.length === 0 ? 0 : TYPING_MS);
    let isDue = false;
    const stop = onFlow((name) => {
      if (isDue || (name !== undefined && nameKey(name) !== key)) return;
      isDue = true;
      timer = setTimeout(() => {
        isDue = false;
        void newest.current(name === undefined ? "anew" : "newer", mine.signal);
      }, AGAIN_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
      mine.abort();
    };
  }, [text, key]);
  return { ...found, text, setText, isBusy, more: () => void load("older", end.current.signal) };
}
