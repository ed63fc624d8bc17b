import { useState } from "preact/hooks";
import type { CancelAnswer, CancelRequest, FlowName, OrderAnswer, ResolveAnswer, ResolveRequest } from "../../wire.js";
import { flowPath, post } from "../live/ask.js";
import { Check, Dialog, toast, useDoing, Ways } from "../parts/dialog.js";
import { sizeText } from "../parts/numbers.js";
import { Text, visible } from "../parts/text.js";

interface OrderDialogProps {
  readonly flow: FlowName;
  readonly order: OrderAnswer;
  readonly onClose: () => void;
}

export function CancelDialog({ flow, order, onClose }: OrderDialogProps) {
  const [release, setRelease] = useState(false);
  const doing = useDoing();
  const cancel = () =>
    doing.run(async () => {
      const asked: CancelRequest = { orderId: order.id, ...(release && { releaseSignal: true }) };
      const { signalReleased } = await post<CancelAnswer>(flowPath(flow, "/orders/cancel"), asked);
      toast(`Cancelled ${visible(order.id)}${signalReleased ? "; its signal is free again" : ""}.`);
      onClose();
    });
  return (
    <Dialog title="Cancel the order" onClose={onClose} onSubmit={cancel}>
      <Order order={order} />
      <p class="banner">
        It is cancelled in the state only, and what it reserves becomes free. Cancel it at the exchange first: what
        fills there later is booked when it is told.
      </p>
      <Release signalId={order.signalId} isOn={release} onChange={setRelease} />
      <Ways doing={doing} onClose={onClose} does="Cancel the order" kind="danger firm" />
    </Dialog>
  );
}

type Is = ResolveRequest["is"];

const MEANS: Readonly<Record<Is, string>> = {
  filled: "It was filled",
  cancelled: "It was cancelled, without a fill that is not booked",
  never_arrived: "It never arrived there",
  open: "It is open there",
};

/** Stores what the exchange says about an order whose outcome the state does not know. */
export function ResolveDialog({ flow, order, onClose }: OrderDialogProps) {
  const [is, setIs] = useState<Is>("filled");
  const [fillId, setFillId] = useState("");
  const [price, setPrice] = useState(order.price === null ? "" : String(order.price));
  const [size, setSize] = useState(String(order.size - order.filled));
  const [fee, setFee] = useState("");
  const [rate, setRate] = useState("");
  const [rest, setRest] = useState(false);
  const [release, setRelease] = useState(false);
  const doing = useDoing();
  const isReady =
    is !== "filled" ||
    (fillId.trim() !== "" &&
      isNumber(price) &&
      isNumber(size) &&
      (fee === "" || isNumber(fee)) &&
      (rate === "" || isNumber(rate)));
  const asked = (): ResolveRequest => {
    const { id: orderId } = order;
    if (is === "never_arrived") return { orderId, is, ...(release && { releaseSignal: true }) };
    if (is !== "filled") return { orderId, is };
    return {
      orderId,
      is,
      fillId: fillId.trim(),
      price: Number(price),
      size: Number(size),
      ...(fee !== "" && { fee: Number(fee) }),
      ...(rate !== "" && { rate: Number(rate) }),
      ...(rest && { cancelled: true }),
    };
  };
  const resolve = () =>
    doing.run(async () => {
      const { applied, tripped, order: after } = await post<ResolveAnswer>(flowPath(flow, "/orders/resolve"), asked());
      const what = applied
        ? `${visible(order.id)} is ${after.status.replace("_", " ")}`
        : "That fill was booked before";
      toast(`${what}${tripped ? "; the breaker tripped" : ""}.`);
      onClose();
    });
  return (
    <Dialog title="What does the exchange say?" wide onClose={onClose} onSubmit={() => isReady && resolve()}>
      <Order order={order} />
      <div class="fields">
        <label>
          <span>The exchange says</span>
          <select name="is" value={is} onChange={(event) => setIs(event.currentTarget.value as Is)}>
            {(Object.keys(MEANS) as Is[]).map((each) => (
              <option value={each}>{MEANS[each]}</option>
            ))}
          </select>
        </label>
      </div>
      {is === "filled" && (
        <>
          <div class="fields">
            <Field name="fillId" title="Id of the fill there" value={fillId} onInput={setFillId} />
            <Field name="price" title="Price" value={price} onInput={setPrice} isNumeric />
            <Field name="size" title="Size" value={size} onInput={setSize} isNumeric />
            <Field name="fee" title="Fee (empty: 0)" value={fee} onInput={setFee} isNumeric />
            <Field name="rate" title="Rate (empty: none needed)" value={rate} onInput={setRate} isNumeric />
          </div>
          <Check name="rest" isOn={rest} onChange={setRest}>
            and the rest was cancelled
          </Check>
        </>
      )}
      {is === "never_arrived" && <Release signalId={order.signalId} isOn={release} onChange={setRelease} />}
      <Ways doing={doing} onClose={onClose} does="Book it" isReady={isReady} />
    </Dialog>
  );
}

/** Whether the signal of an entry that was never made may be acted on again. */
function Release({
  signalId,
  isOn,
  onChange,
}: {
  signalId: string | undefined;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}) {
  if (signalId === undefined) return null;
  return (
    <Check name="release" isOn={isOn} onChange={onChange}>
      Signal <Text of={signalId} mono /> may enter again
    </Check>
  );
}

function Field(props: {
  name: string;
  title: string;
  value: string;
  onInput: (text: string) => void;
  isNumeric?: boolean;
}) {
  return (
    <label>
      <span>{props.title}</span>
      <input
        name={props.name}
        value={props.value}
        inputMode={props.isNumeric ? "decimal" : "text"}
        autoComplete="off"
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
    </label>
  );
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text.trim());
}

function Order({ order: { id, pair, side, intent, size, filled, price, status } }: { order: OrderAnswer }) {
  return (
    <p>
      <b>
        <Text of={pair} />
      </b>{" "}
      {side} {sizeText(size)} at {price === null ? "market" : sizeText(price)}, {intent}, {status.replace("_", " ")},
      filled {sizeText(filled)}
      <br />
      <Text of={id} mono />
    </p>
  );
}
