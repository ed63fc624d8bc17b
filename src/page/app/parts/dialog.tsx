import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "./text.js";

/** A question over the page; Escape means no. */
export function Dialog(props: {
  title: ComponentChildren;
  wide?: boolean;
  onClose: () => void;
  onSubmit: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      class={props.wide ? "wide-dialog" : ""}
      onClose={props.onClose}
      aria-labelledby="dialog-title"
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        <h2 id="dialog-title">{props.title}</h2>
        {props.children}
      </form>
    </dialog>
  );
}

/** The state of a request: not sent, under way, or why it failed. */
export interface Doing {
  readonly isBusy: boolean;
  readonly problem?: string | undefined;
  readonly run: (work: () => Promise<void>) => void;
}

export function useDoing(): Doing {
  const [state, setState] = useState<{ isBusy: boolean; problem?: string }>({ isBusy: false });
  const busy = useRef(false);
  return {
    ...state,
    run: (work) => {
      if (busy.current) return; // a double click is one click
      busy.current = true;
      setState({ isBusy: true });
      work().then(
        () => {
          busy.current = false;
          setState({ isBusy: false });
        },
        (error: unknown) => {
          busy.current = false;
          setState({ isBusy: false, problem: error instanceof Error ? error.message : String(error) });
        },
      );
    },
  };
}

export function Problem({ of }: { of?: string | undefined }) {
  return (
    <p class="wrong" role="alert" hidden={of === undefined}>
      {of !== undefined && visible(of)}
    </p>
  );
}

/** The end of a dialog: why it failed, and the two ways on. */
export function Ways(props: {
  doing: Doing;
  onClose: () => void;
  /** What the button says that does it. */
  does: string;
  kind?: "primary" | "danger firm";
  isReady?: boolean;
}) {
  const { doing, kind = "primary", isReady = true } = props;
  return (
    <>
      <Problem of={doing.problem} />
      <div class="actions">
        <button type="button" onClick={props.onClose}>
          Leave it
        </button>
        <button type="submit" class={kind} disabled={!isReady || doing.isBusy}>
          {props.does}
        </button>
      </div>
    </>
  );
}

export function Check(props: {
  name: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={props.name}
        checked={props.isOn}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  );
}

/** Whether somebody typed a name as it is, or as it is shown. */
export function isTyped(text: string, name: string): boolean {
  return text.trim() !== "" && (text === name || text.trim() === visible(name).trim());
}

let showToast = (_: string) => {};

/** Says what was done, for a while. */
export function toast(text: string): void {
  showToast(text);
}

export function Toast() {
  const [text, setText] = useState("");
  useEffect(() => {
    showToast = setText;
  }, []);
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => setText(""), 6000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div role="status" aria-live="polite">
      {text !== "" && <div class="toast">{visible(text)}</div>}
    </div>
  );
}
