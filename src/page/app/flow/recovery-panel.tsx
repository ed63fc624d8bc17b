import type { ApproveAnswer, ApproveRequest } from "../../wire.js";
import { flowPath, post } from "../live/ask.js";
import { Problem, toast, useDoing } from "../parts/dialog.js";
import { Ago, Moment } from "../parts/numbers.js";
import { Panel } from "../parts/panel.js";
import { Text } from "../parts/text.js";
import type { TabProps } from "./now-tab.js";

/** The recovery that blocks entries, what it would do, and why. A person approves exactly the plan that is shown, by its hash. */
export function RecoveryPanel({ answer, session, now, again }: TabProps) {
  const { recovery } = answer;
  const doing = useDoing();
  if (!recovery) return null;
  const { plan, hash, approved, reason, begunAt, holder, life } = recovery;
  const approve = (shown: string) =>
    doing.run(async () => {
      const asked: ApproveRequest = { hash: shown };
      const result = await post<ApproveAnswer>(flowPath(answer, "/recovery/approve"), asked);
      toast(result.approved ? "Approved: the recovery goes on when it is run next." : "It was approved before.");
      again();
    });
  return (
    <Panel
      id="recovery"
      kind="bad"
      title="What recovery would do"
      beside={
        <span class="dim small">
          begun <Ago at={begunAt} now={now} />,{" "}
          {life === "gone" ? (
            <>
              left by <Text of={holder} />
            </>
          ) : (
            <>
              held by <Text of={holder} />
              {life === "dead" && ", which is dead"}
            </>
          )}
        </span>
      }
    >
      <p>
        <Text of={reason} limit={600} />
      </p>
      {plan ? (
        <>
          <p class="small dim">
            Plan <code>{plan.hash}</code>, mode {plan.mode}, of <Text of={plan.exchange} />, read{" "}
            <Moment at={plan.at} now={now} />
          </p>
          <ol class="plan">
            {plan.actions.map((row) => (
              <li>
                <div>
                  <b>
                    <Text of={row.what} limit={500} />
                  </b>{" "}
                  {row.pair !== "" && (
                    <span class="dim">
                      <Text of={row.pair} />
                    </span>
                  )}
                  <div class="evidence">
                    <Text of={row.why} limit={600} />
                  </div>
                  {row.needsPerson !== "" && (
                    <div class="small warn">
                      <Text of={row.needsPerson} limit={600} />
                    </div>
                  )}
                </div>
              </li>
            ))}
          </ol>
          {plan.omitted > 0 && (
            <p class="warn">and {plan.omitted} more, which are not stored: sf-state recover makes the plan again</p>
          )}
          {plan.waiting.map(({ subject, why }) => (
            <p class="small">
              <b>
                <Text of={subject} />
              </b>{" "}
              waits: <Text of={why} limit={600} />
            </p>
          ))}
          {plan.notes.map((note) => (
            <p class="small dim">
              <Text of={note} limit={600} />
            </p>
          ))}
        </>
      ) : (
        <p class="dim">
          Nothing waits for approval: sf-state recover goes on with it, sf-state recovery end gives it up.
        </p>
      )}
      {approved && <p class="done">Approved. It is carried out when the recovery is run again.</p>}
      {hash !== undefined && !approved && session.mayChange && (
        <p class="actions">
          <button type="button" class="primary" disabled={doing.isBusy} onClick={() => approve(hash)}>
            Approve this plan
          </button>
        </p>
      )}
      <Problem of={doing.problem} />
    </Panel>
  );
}
