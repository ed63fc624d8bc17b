/** Hours, in UTC, in which only critical things are told; the rest waits for their end. */
export interface QuietHours {
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
}

/** Reads `22:00-07:00`; undefined for anything else. */
export function quietHours(text: string): QuietHours | undefined {
  const [, fromHour, fromMinute, toHour, toMinute] =
    /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (fromHour === undefined) return undefined;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  return from === to ? undefined : { from, to };
}

export function isQuiet({ from, to }: QuietHours, now: Date): boolean {
  const minute = now.getUTCHours() * 60 + now.getUTCMinutes();
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}
