/** Names the limits in force that differ from the configuration, in words. */
import type { RiskLimitName } from "../config/risk-limits.js";
import type { RiskLimitOrigin } from "../types.js";

/** Which limits are compared. */
interface Limited<Name> {
  /** Text before a limit's name. */
  readonly of: string;
  /** The configuration's section. */
  readonly section: "risk" | "account";
  /** The command that gives a limit back to the configuration. */
  unset(name: Name): string;
}

export function limitDifferences<Name extends RiskLimitName>(
  configured: readonly (readonly [Name, number | null])[],
  origins: { readonly [name in Name]?: RiskLimitOrigin },
  { of, section, unset }: Limited<Name>,
): string[] {
  return configured.flatMap(([name, limit]) => {
    const stands: RiskLimitOrigin | undefined = origins[name];
    if (stands === undefined || stands.value === limit) return [];
    const since = stands.at === undefined ? "" : `, set by ${stands.who} at ${stands.at.toISOString()}`;
    return [
      `${of}${name} is ${stands.value}${since}; ${section}.${name} of the configuration, ${limit}, does not loosen it: ${unset(name)} does`,
    ];
  });
}
