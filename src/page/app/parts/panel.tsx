import type { ComponentChildren } from "preact";

export function Panel(props: {
  id?: string;
  title: ComponentChildren;
  kind?: "bad" | "warn" | undefined;
  beside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel ${props.kind ? `is-${props.kind}` : ""}`} id={props.id}>
      <header>
        <h2>{props.title}</h2>
        {props.beside}
      </header>
      {props.children}
    </section>
  );
}

/** A table that becomes a list of its rows where there is no room. */
export function Table(props: { head: readonly (readonly [string, "number"?])[]; children: ComponentChildren }) {
  return (
    <div class="wide">
      <table class="stack">
        <thead>
          <tr>
            {props.head.map(([title, kind]) => (
              <th class={kind} scope="col">
                {title || <span class="sr">actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}
