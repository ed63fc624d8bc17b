/** What is wrong with a URL, in words without it; undefined where nothing is. */
export function webhookFault(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "a URL such as https://example.com/hook";
  }
  const isLoopback = ["localhost", "[::1]"].includes(url.hostname) || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback)) {
    return url.username || url.password ? "a URL without user and password" : undefined;
  }
  return "an https:// URL; http:// only on this machine";
}
