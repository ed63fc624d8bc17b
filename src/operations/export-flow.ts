import { layoutOf } from "../layout/convert.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { exportInParts } from "./export-in-parts.js";
import { EXPORT_FLOW, layoutTold } from "./exported-keys.js";
import type { Operation } from "./operation.js";

export const exportFlow: Operation<void, FlowLayout> = {
  ...EXPORT_FLOW,
  args: { types: EXPORT_FLOW.args.types, most: () => undefined },
  rest: { name: "since", mayBeNone: true, values: () => [] },
  decode: (reply) => layoutTold(reply),
  inParts: (ask) => exportInParts(ask),
  apply: layoutOf,
};
