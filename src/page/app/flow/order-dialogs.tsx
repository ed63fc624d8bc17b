import { useState } from "preact/hooks";
import type { CancelAnswer, CancelRequest, FlowName, OrderAnswer, ResolveAnswer, ResolveRequest } from "../../wire.js";
import { flowPath, post } from "../live/ask.js";
import { Dialog, Problem, toast, useDoing } from "../parts/dialog.js";
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
      {order.signalId !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            name="release"
            checked={release}
            onChange={(event) => setRelease(event.currentTarget.checked)}
          />
          <span>
            Signal <Text of={order.signalId} mono /> may enter again
          </span>
        </label>
      )}
      <Problem of={doing.problem} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" class="danger firm" disabled={doing.isBusy}>
          Cancel the order
        </button>
      </div>
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
          <label class="check">
            <input
              type="checkbox"
              name="rest"
              checked={rest}
              onChange={(event) => setRest(event.currentTarget.checked)}
            />
            <span>and the rest was cancelled</span>
          </label>
        </>
      )}
      {is === "never_arrived" && order.signalId !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            name="release"
            checked={release}
            onChange={(event) => setRelease(event.currentTarget.checked)}
          />
          <span>
            Signal <Text of={order.signalId} mono /> may enter again
          </span>
        </label>
      )}
      <Problem of={doing.problem} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" class="primary" disabled={!isReady || doing.isBusy}>
          Book it
        </button>
      </div>
    </Dialog>
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
