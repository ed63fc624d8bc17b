import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { count, span } from "../../words/in-words.js";
import type { Session } from "../wire.js";
import { FleetView } from "./fleet/fleet-view.js";
import { groupsOf } from "./fleet/want-groups.js";
import { nameKey } from "./live/fleet-state.js";
import { useLive, useNow } from "./live/hooks.js";
import { readFleet, startLive } from "./live/live.js";
import { forgetToken, keepToken, takeToken } from "./live/token.js";
import { everyBreaker, ResetDialog, TripDialog } from "./parts/breaker-dialogs.js";
import { Dialog, Toast } from "./parts/dialog.js";
import { Text, visible } from "./parts/text.js";
import { flowHref, type Route, TABS, useRoute } from "./route.js";
import { applyTheme, nextTheme, theme } from "./theme.js";

takeToken();
applyTheme();
addEventListener("hashchange", takeTokenLate);

/** A link with a token was followed while the page was open. */
function takeTokenLate(): void {
  if (!location.hash.startsWith("#token=")) return;
  takeToken();
  void readFleet();
}

type FlowViewPart = typeof import("./flow/flow-view.js");

type Asks = "trip" | "reset" | "keys" | "token";

/** The stream sends something every 10 s: after these times it is late, then dead. */
const LATE_MS = 14_000;
const DEAD_MS = 25_000;
/** A broken stream is dead sooner, since what is shown may already be wrong. */
const BROKEN_DEAD_MS = 8_000;

function Page() {
  const live = useLive();
  const route = useRoute();
  const now = useNow();
  const [asks, setAsks] = useState<Asks>();
  const [, again] = useState(0);
  const { fleet, session } = live;
  useKeys(route, setAsks, () => again((n) => n + 1));
  const age = ageOf(live);
  useEffect(() => {
    const root = document.documentElement.classList;
    root.toggle("stale", age.kind === "dead" && fleet !== undefined);
    root.toggle("wall", route.view === "wall");
  }, [age.kind, route.view, fleet === undefined]);
  useTitle(route, groupsOf(fleet?.wants ?? []).length, age.kind);
  const all = session && everyBreaker(session.name);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </button>
      <Head
        live={live}
        route={route}
        age={age}
        onAsk={setAsks}
        onTheme={() => {
          nextTheme();
          again((n) => n + 1);
        }}
        now={now}
      />
      {age.kind !== "live" && fleet && (
        <p class={`banner ${age.kind === "dead" ? "grey" : ""}`} role="status">
          {age.kind === "dead" ? <b>What you see is old: nothing was heard for {span(age.ms)}. </b> : null}
          {live.isConnected ? "The stream is silent." : "The server does not answer: trying again."} Bots go on without
          this page.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {live.wantsToken && !session ? (
          <TokenForm />
        ) : !fleet || !session ? (
          <p class="empty">
            {live.problem === undefined ? (
              "Reading…"
            ) : (
              <span class="bad">
                <Text of={live.problem} />
              </span>
            )}
          </p>
        ) : route.view === "flow" ? (
          <LazyFlow
            route={route}
            session={session}
            now={now}
            known={fleet.flows.find((flow) => nameKey(flow) === nameKey(route.flow))}
          />
        ) : (
          <FleetView fleet={fleet} session={session} now={now} isWall={route.view === "wall"} />
        )}
      </main>
      {session?.mayChange && route.view === "fleet" && (
        <div class="bar">
          <button type="button" class="danger firm" onClick={() => setAsks("trip")}>
            Stop entries everywhere…
          </button>
        </div>
      )}
      {all && asks === "trip" && <TripDialog whose={all} onClose={() => setAsks(undefined)} />}
      {all && asks === "reset" && <ResetDialog whose={all} onClose={() => setAsks(undefined)} />}
      {asks === "keys" && <KeysDialog onClose={() => setAsks(undefined)} />}
      {asks === "token" && session && <TokenDialog session={session} onClose={() => setAsks(undefined)} />}
      <Toast />
    </>
  );
}

/** A flow's view, with its charts, is a file of its own, loaded when it is first needed. */
function LazyFlow(props: Parameters<FlowViewPart["default"]>[0]) {
  const [part, setPart] = useState<FlowViewPart>();
  const [problem, setProblem] = useState(false);
  useEffect(() => {
    import("./flow/flow-view.js").then(setPart, () => setProblem(true));
  }, []);
  if (problem) return <p class="wrong">This part of the page could not be loaded: reload it.</p>;
  return part ? <part.default key={nameKey(props.route.flow)} {...props} /> : <p class="empty">Reading…</p>;
}

interface Age {
  readonly kind: "live" | "late" | "dead";
  readonly ms: number;
}

function ageOf({ heardAt, isConnected }: { heardAt: number; isConnected: boolean }): Age {
  const ms = heardAt === 0 ? 0 : Date.now() - heardAt;
  if (ms > (isConnected ? DEAD_MS : BROKEN_DEAD_MS)) return { kind: "dead", ms };
  return { kind: isConnected && ms <= LATE_MS ? "live" : "late", ms };
}

function Head({
  live,
  route,
  age,
  onAsk,
  onTheme,
  now,
}: {
  live: ReturnType<typeof useLive>;
  route: Route;
  age: Age;
  onAsk: (what: Asks) => void;
  onTheme: () => void;
  now: number;
}) {
  const { fleet, session } = live;
  const bots = fleet?.flows.reduce(
    (sum, flow) => sum + (flow.error === undefined ? flow.alive.length + flow.dead.length : 0),
    0,
  );
  const words = { live: "live", late: live.heardAt === 0 ? "connecting" : "late", dead: "dead" }[age.kind];
  return (
    <header class="head">
      <div class="head-row">
        <a href="#/" class="brand">
          <span class="sr">sf-state, fleet</span>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path
              d="M3 20h6l3.4-10 5.4 14 3.2-9h8"
              fill="none"
              stroke="currentColor"
              stroke-width="2.8"
              stroke-linecap="round"
              stroke-linejoin="round"
            />
          </svg>
        </a>
        {session && <Badge name={session.name} />}
        <nav class="nav" aria-label="Views">
          <a href="#/" aria-current={route.view === "fleet" ? "page" : undefined}>
            Fleet
          </a>
          <a href="#/wall" class="desk" aria-current={route.view === "wall" ? "page" : undefined}>
            Wall
          </a>
        </nav>
        <span class={`age ${age.kind}`} title="When the server was last heard of" id="age">
          <span class="dot" aria-hidden="true" /> {words}
          {age.kind !== "live" || age.ms > 2000 ? <span>, {span(age.ms)} ago</span> : null}
        </span>
        <span class="grow" />
        {fleet && (
          <span class="dim small desk">
            {count(fleet.flows.length, "flow")} · {count(bots ?? 0, "bot")}
          </span>
        )}
        <span class="dim small desk nowrap">{new Date(now).toISOString().slice(11, 19)} UTC</span>
        {session && !session.mayChange && (
          <span class="access">
            {session.wantsToken ? (
              <button type="button" class="plain" onClick={() => onAsk("token")}>
                Read-only: token…
              </button>
            ) : (
              <span title={session.why}>Read-only</span>
            )}
          </span>
        )}
        {session?.mayChange && (
          <button type="button" class="plain desk" onClick={() => onAsk("token")} title="Who may do what">
            Operator
          </button>
        )}
        <button
          type="button"
          class="plain"
          onClick={onTheme}
          title={`Colours: ${theme()}`}
          aria-label={`Colours: ${theme()}; change them`}
        >
          <ThemeShape />
        </button>
        <button type="button" class="plain desk" onClick={() => onAsk("keys")} title="Keys" aria-label="Keys">
          ?
        </button>
        {session?.mayChange && route.view !== "flow" && (
          <span class="actions desk">
            {fleet?.flows.some((flow) => flow.error === undefined && flow.alarms.includes("breaker")) && (
              <button type="button" onClick={() => onAsk("reset")}>
                Reset all…
              </button>
            )}
            <button type="button" class="danger" onClick={() => onAsk("trip")}>
              Stop entries everywhere…
            </button>
          </span>
        )}
      </div>
    </header>
  );
}

/** Red if its name says that real money is at stake. */
function Badge({ name }: { name: string }) {
  const kind = /prod|live|real/i.test(name) ? "live" : /paper|test|dev|demo|stag|sandbox/i.test(name) ? "paper" : "";
  return (
    <span class={`badge ${kind}`}>
      <Text of={name} limit={40} />
    </span>
  );
}

function ThemeShape() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" />
      <path
        d={
          theme() === "system"
            ? "M8 1.8a6.2 6.2 0 0 1 0 12.4Z"
            : theme() === "dark"
              ? "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4Z"
              : "M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7Z"
        }
        fill="currentColor"
      />
    </svg>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ["f", "fleet"],
  ["w", "wall"],
  ["j k", "next and previous flow in the fleet"],
  ["1 2 3 4", "now, money, events, bots of a flow"],
  ["/", "search events"],
  ["t", "colours: of the system, dark, light"],
  ["?", "these keys"],
  ["Esc", "close what is asked"],
];

function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} onSubmit={onClose}>
      <dl class="facts">
        {KEYS.map(([keys, words]) => (
          <>
            <dt>
              {keys.split(" ").map((key) => (
                <>
                  <kbd>{key}</kbd>{" "}
                </>
              ))}
            </dt>
            <dd>{words}</dd>
          </>
        ))}
      </dl>
      <div class="actions">
        <button type="submit">Close</button>
      </div>
    </Dialog>
  );
}

/** For a person who opened the page without the link with the token. */
function TokenDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [token, setToken] = useState("");
  const change = (act: () => void) => {
    act();
    void readFleet();
    onClose();
  };
  return (
    <Dialog
      title={session.mayChange ? "You may change things" : "Read-only"}
      onClose={onClose}
      onSubmit={() => token.trim() !== "" && change(() => keepToken(token.trim()))}
    >
      <p class="dim">
        {session.mayChange
          ? "This tab has the token. It is kept until the tab is closed, and sent to this server only."
          : "Everything can be read. A change needs the token that sf-state serve was started with, or that it showed; it is kept until this tab is closed."}
      </p>
      {session.why !== undefined && (
        <p class="small dim">
          <Text of={session.why} />
        </p>
      )}
      {session.wantsToken && (
        <div class="fields">
          <label>
            <span>Token</span>
            <input
              type="password"
              name="token"
              class="mono"
              autoComplete="off"
              value={token}
              onInput={(event) => setToken(event.currentTarget.value)}
              autoFocus
            />
          </label>
        </div>
      )}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
        {session.mayChange ? (
          <button type="button" onClick={() => change(forgetToken)}>
            Forget the token
          </button>
        ) : (
          session.wantsToken && (
            <button type="submit" class="primary" disabled={token.trim() === ""}>
              Use it
            </button>
          )
        )}
      </div>
    </Dialog>
  );
}

/** Shown when even looking needs the token. */
function TokenForm() {
  const [token, setToken] = useState("");
  const [isWrong, setWrong] = useState(false);
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        keepToken(token.trim());
        void readFleet().then(() => setWrong(true));
      }}
    >
      <header>
        <h2>Looking needs the token here</h2>
      </header>
      <div class="search">
        <input
          type="password"
          name="token"
          class="mono"
          aria-label="Token"
          autoComplete="off"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={token.trim() === ""}>
          Use it
        </button>
      </div>
      {isWrong && <p class="wrong">That is not the token.</p>}
    </form>
  );
}

function useKeys(route: Route, ask: (what: Asks) => void, again: () => void): void {
  const last = useRef(route);
  last.current = route;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, select, textarea, dialog")) return;
      const at = last.current;
      if (event.key === "f") location.hash = "#/";
      else if (event.key === "w") location.hash = "#/wall";
      else if (event.key === "?") ask("keys");
      else if (event.key === "t") {
        nextTheme();
        again();
      } else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
      else if (at.view === "flow" && /^[1-4]$/.test(event.key)) {
        const tab = TABS[Number(event.key) - 1];
        if (tab) location.hash = flowHref(at.flow, tab);
      } else if (at.view === "flow" && event.key === "/") {
        event.preventDefault();
        if (at.tab !== "events") location.hash = flowHref(at.flow, "events");
        focusSearch(20);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function focusSearch(tries: number): void {
  const input = document.querySelector<HTMLInputElement>("input[name=search-events]");
  if (input) input.focus();
  else if (tries > 0) requestAnimationFrame(() => focusSearch(tries - 1));
}

/** To the next card; after the last comes the first. */
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".card h3 a")];
  if (links.length === 0) return;
  const at = links.findIndex((link) => link.matches(":focus"));
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : (at + by + links.length) % links.length]?.focus();
}

function useTitle(route: Route, wants: number, age: Age["kind"]): void {
  const where = route.view === "flow" ? visible(route.flow.flowId) : "fleet";
  const title = `${age === "dead" ? "(old) " : wants > 0 ? `(${wants}) ` : ""}${where} · sf-state`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

render(<Page />, document.body);
startLive();
