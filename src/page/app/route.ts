/** The view that the fragment of the address names: `#/`, `#/wall`, `#/flow/PLACE/FLOW/TAB`. */
import { useEffect, useState } from "preact/hooks";
import type { FlowName, FlowSection } from "../wire.js";

export const TABS = ["now", "money", "events", "bots"] as const;
export type Tab = (typeof TABS)[number];

export type Route =
  | { readonly view: "fleet" | "wall" }
  /** The view scrolls to `section` once the tab is there. */
  | { readonly view: "flow"; readonly flow: FlowName; readonly tab: Tab; readonly section?: string };

export function routeOf(hash: string): Route {
  const [path = "", section] = hash.replace(/^#\/?/, "").split("?");
  const [view, place, flowId, tab] = path.split("/");
  if (view === "wall") return { view };
  if (view !== "flow" || !place || !flowId) return { view: "fleet" };
  try {
    const flow = { place: decodeURIComponent(place), flowId: decodeURIComponent(flowId) };
    return { view, flow, tab: TABS.find((each) => each === tab) ?? "now", ...(section && { section }) };
  } catch {
    return { view: "fleet" }; // not encoded as a URL
  }
}

export function flowHref({ place, flowId }: FlowName, tab: Tab = "now", section?: string): string {
  const path = `#/flow/${encodeURIComponent(place)}/${encodeURIComponent(flowId)}/${tab}`;
  return section === undefined ? path : `${path}?${section}`;
}

const TAB_OF: Readonly<Record<FlowSection, Tab>> = {
  breaker: "now",
  recovery: "now",
  orders: "now",
  positions: "now",
  limits: "now",
  trades: "money",
  events: "events",
  bots: "bots",
};

export function sectionHref(flow: FlowName, section: FlowSection): string {
  return flowHref(flow, TAB_OF[section], section);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
