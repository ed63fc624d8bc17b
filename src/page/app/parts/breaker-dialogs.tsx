/** Dialogs that trip and reset the breaker of a flow, of an account, or of all flows. The person types the name. */
import { useState } from "preact/hooks";
import type { AllAnswer, FlowName, ResetAnswer, ResetRequest, TripAnswer, TripRequest } from "../../wire.js";
import { flowPath, post } from "../live/ask.js";
import { Dialog, isTyped, toast, useDoing, Ways } from "./dialog.js";
import { Text } from "./text.js";

/** Whose breaker; `name` is what the person has to type. */
export interface Whose {
  readonly of: "flow" | "account" | "all";
  readonly name: string;
  readonly path: string;
}

export function flowBreaker(flow: FlowName): Whose {
  return { of: "flow", name: flow.flowId, path: flowPath(flow, "/breaker") };
}

export function accountBreaker(place: string, name: string): Whose {
  return {
    of: "account",
    name,
    path: `/api/account/${encodeURIComponent(place)}/${encodeURIComponent(name)}/breaker`,
  };
}

export function everyBreaker(name: string): Whose {
  return { of: "all", name, path: "/api/breaker" };
}

const DURATIONS: readonly (readonly [string, string])[] = [
  ["until_reset", "until somebody resets it"],
  ["", "as configured"],
  ["until_day_end", "until the trading day ends"],
  ["1h", "1 hour"],
  ["8h", "8 hours"],
];

export function TripDialog({ whose, onClose }: { whose: Whose; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [length, setLength] = useState("until_reset");
  const doing = useDoing();
  const isReady = isTyped(typed, whose.name) && reason.trim() !== "";
  const trip = () =>
    doing.run(async () => {
      const asked: TripRequest = { confirm: whose.name, reason: reason.trim(), ...(length !== "" && { for: length }) };
      const answer = await post<TripAnswer | AllAnswer<TripAnswer>>(`${whose.path}/trip`, asked);
      const failed = failuresOf(answer);
      if (failed.length > 0) throw new Error(`Tripped but for: ${failed.join("; ")}`);
      toast(
        "flows" in answer
          ? `Entries are stopped in ${answer.flows.length} flows.`
          : "Entries are stopped. Exits go on.",
      );
      onClose();
    });
  return (
    <Dialog title={titleOf("Stop entries", whose)} onClose={onClose} onSubmit={() => isReady && trip()}>
      <p class="dim">
        Every new entry is refused from the moment you confirm. Exits, cancels and fills go on; nothing is closed.
      </p>
      <div class="fields">
        <label>
          <span>Reason, for the log</span>
          <input
            name="reason"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
            maxLength={200}
            required
            autoFocus
          />
        </label>
      </div>
      <div class="fields">
        <label>
          <span>For how long</span>
          <select name="for" value={length} onChange={(event) => setLength(event.currentTarget.value)}>
            {DURATIONS.map(([value, words]) => (
              <option value={value}>{words}</option>
            ))}
          </select>
        </label>
      </div>
      <Confirmation whose={whose} typed={typed} onType={setTyped} />
      <Ways doing={doing} onClose={onClose} does="Stop entries" kind="danger firm" isReady={isReady} />
    </Dialog>
  );
}

export function ResetDialog({ whose, onClose }: { whose: Whose; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const doing = useDoing();
  const isReady = isTyped(typed, whose.name);
  const reset = () =>
    doing.run(async () => {
      const asked: ResetRequest = { confirm: whose.name, ...(reason.trim() !== "" && { reason: reason.trim() }) };
      const answer = await post<ResetAnswer | AllAnswer<ResetAnswer>>(`${whose.path}/reset`, asked);
      const failed = failuresOf(answer);
      if (failed.length > 0) throw new Error(`Reset but for: ${failed.join("; ")}`);
      toast(
        "reset" in answer && !answer.reset
          ? "It was not tripped."
          : "Reset. Entries may go on where nothing else refuses them.",
      );
      onClose();
    });
  return (
    <Dialog title={titleOf("Reset the breaker", whose)} onClose={onClose} onSubmit={() => isReady && reset()}>
      <p class="dim">
        What tripped it counts as seen: the streak begins at 0 after losses, the peak at the present equity after a
        drawdown.
      </p>
      <div class="fields">
        <label>
          <span>Reason, for the log (may be empty)</span>
          <input
            name="reason"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
            maxLength={200}
            autoFocus
          />
        </label>
      </div>
      <Confirmation whose={whose} typed={typed} onType={setTyped} />
      <Ways doing={doing} onClose={onClose} does="Reset" isReady={isReady} />
    </Dialog>
  );
}

function Confirmation({ whose, typed, onType }: { whose: Whose; typed: string; onType: (text: string) => void }) {
  return (
    <div class="fields">
      <label>
        <span>
          Type{" "}
          <b>
            <Text of={whose.name} mono />
          </b>{" "}
          to confirm
        </span>
        <input
          name="confirm"
          class="mono"
          value={typed}
          onInput={(event) => onType(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
        />
      </label>
    </div>
  );
}

function titleOf(what: string, { of, name }: Whose) {
  if (of === "all") return `${what} of all flows`;
  return (
    <>
      {what} of {of === "account" && "account "}
      <Text of={name} />
    </>
  );
}

function failuresOf(answer: object): string[] {
  if (!("flows" in answer)) return [];
  const { flows, problems } = answer as AllAnswer<object>;
  return [...flows.flatMap(({ flowId, error }) => (error === undefined ? [] : [`${flowId}: ${error}`])), ...problems];
}
