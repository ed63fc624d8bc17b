/**
 * The code of an error of the system or of Node, such as ENOENT. The error's class is not checked: an error of another realm (Jest runs each test in one)
 * is no `instanceof Error` here.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
