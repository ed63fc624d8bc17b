import type { AdmissionDay } from "../types.js";
import type { Operation } from "./operation.js";
import { admissionDays } from "./view-admissions.js";
import { pairsFromReply } from "./view-signals.js";

export const getAdmissionStats: Operation<void, AdmissionDay[]> = {
  name: "get_admission_stats",
  kind: "read",
  keys: ["admission:stats"],
  args: {},
  decode: (reply) => admissionDays(new Map(pairsFromReply(reply, 1))),
  apply: ({ admissions }) => admissionDays(new Map(admissions.entries())),
};
