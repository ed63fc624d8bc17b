import { span } from "../../../words/in-words.js";
import type { BreakLeaseAnswer, BreakLeaseRequest, PruneAnswer, PruneRequest } from "../../wire.js";
import { flowPath, post } from "../live/ask.js";
import { Problem, toast, useDoing } from "../parts/dialog.js";
import { Moment } from "../parts/numbers.js";
import { Panel, Table } from "../parts/panel.js";
import { Shape } from "../parts/shape.js";
import { Text } from "../parts/text.js";
import type { TabProps } from "./now-tab.js";

export function BotsTab({ answer, session, now, again }: TabProps) {
  const { instances, lease, snapshot } = answer;
  const doing = useDoing();
  const dead = instances.filter(({ isDead }) => isDead);
  const prune = () =>
    doing.run(async () => {
      const asked: PruneRequest = { instances: dead.map(({ id, lastHeartbeat }) => ({ id, lastHeartbeat })) };
      const { forgotten } = await post<PruneAnswer>(flowPath(answer, "/instances/prune"), asked);
      toast(`${forgotten.length} forgotten.`);
      again();
    });
  const breakLease = (token: number) =>
    doing.run(async () => {
      const asked: BreakLeaseRequest = { token };
      const { broken } = await post<BreakLeaseAnswer>(flowPath(answer, "/lease/break"), asked);
      toast(broken ? "The lease is free." : "Nobody held that lease any more.");
      again();
    });
  const isHeld = lease !== undefined && Date.parse(lease.until) > now;
  return (
    <div class="columns">
      <div>
        <Panel
          id="bots"
          title={
            instances.length === 0 ? "Bots" : `Bots (${instances.length - dead.length} of ${instances.length} alive)`
          }
          kind={dead.length > 0 ? "bad" : undefined}
          beside={
            session.mayChange && dead.length > 0 ? (
              <button type="button" disabled={doing.isBusy} onClick={prune}>
                Forget the dead
              </button>
            ) : null
          }
        >
          {instances.length === 0 ? (
            <p class="empty">No bot gave a heartbeat, or all have signed off.</p>
          ) : (
            <Table
              head={[["bot"], ["state"], ["last heartbeat", "number"], ["silent for", "number"], ["version", "number"]]}
            >
              {[...instances]
                .sort((a, b) => Number(b.isDead) - Number(a.isDead))
                .map((each) => (
                  <tr key={each.id} data-bot={each.id}>
                    <td class="first">
                      <Text of={each.id} mono />
                    </td>
                    <td data-label="state">
                      <Shape of={each.isDead ? "bad" : "ok"} />{" "}
                      <span class={each.isDead ? "bad" : "ok"}>{each.isDead ? "dead" : "alive"}</span>
                    </td>
                    <td class="number" data-label="last heartbeat">
                      <Moment at={each.lastHeartbeat} now={now} />
                    </td>
                    <td class="number" data-label="silent for">
                      {span(now - Date.parse(each.lastHeartbeat))}
                    </td>
                    <td class="number" data-label="version">
                      <Text of={each.version ?? "before 0.2"} />
                    </td>
                  </tr>
                ))}
            </Table>
          )}
        </Panel>
        <Problem of={doing.problem} />
      </div>
      <div>
        <Panel
          id="lease"
          title="Lease"
          beside={
            <span class={`state ${isHeld && lease.life === "dead" ? "bad" : "dim"}`}>{isHeld ? "held" : "free"}</span>
          }
        >
          {isHeld ? (
            <>
              <dl class="facts">
                <dt>holder</dt>
                <dd>
                  <Text of={lease.holder} mono />
                  {lease.life === "dead" && <span class="bad"> is dead</span>}
                </dd>
                <dt>token</dt>
                <dd>{lease.token}</dd>
                <dt>until</dt>
                <dd>
                  <Moment at={lease.until} now={now} />, {span(Date.parse(lease.until) - now)} left
                </dd>
              </dl>
              {session.mayChange && lease.life === "dead" && (
                <p class="actions">
                  <button type="button" disabled={doing.isBusy} onClick={() => breakLease(lease.token)}>
                    Take it off the dead bot
                  </button>
                </p>
              )}
            </>
          ) : (
            <p class="empty">Nobody holds it.</p>
          )}
        </Panel>
        <Panel title="Recovery">
          <p class="dim">
            {answer.recovery ? (
              "One is under way: see Now."
            ) : snapshot.recovering === undefined ? (
              "None is under way."
            ) : (
              <Text of={snapshot.recovering} />
            )}
          </p>
        </Panel>
      </div>
    </div>
  );
}
