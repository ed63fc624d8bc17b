/** What the operator's page changes, over HTTP: each asked for once has one effect, however often it is sent. */
import { onStand } from "../cli/stand.js";
import { changing } from "./changes.suite.js";

await onStand("page changes", changing);
