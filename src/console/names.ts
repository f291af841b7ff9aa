/** By which names the console may be asked for, and from which pages. */

import { isIP } from "node:net";

/** Whether a Host header names this machine by an address, as localhost, or by one of `names`. */
export function mayBeAskedAs(host: string, names: readonly string[]): boolean {
  const name = hostOf(host);
  if (name === "") return false;
  if (isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0) return true;
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return names.some((known) => known.toLowerCase() === name);
}

/** Whether a request comes from a page of the console, or from no page at all (a program sends no Origin; a browser does). */
export function sameOrigin({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return !headers.has("upgrade");
  return URL.canParse(origin) && new URL(origin).origin === new URL(url).origin;
}

/** In lower case, without the port. */
function hostOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}
