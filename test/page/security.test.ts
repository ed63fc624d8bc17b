/** The operator's page: who may come in, and what a request may do. */
import { onStand } from "../cli/stand.js";
import { security } from "./security.suite.js";

await onStand("page security", security);
