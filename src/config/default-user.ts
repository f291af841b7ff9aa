import { createHash } from "node:crypto";

const RIGHTS = [
  ["~*", "allkeys"],
  ["&*", "allchannels"],
  ["+@all", "allcommands"],
] as const;
const HARMLESS: ReadonlySet<string> = new Set(["on", "nopass", "sanitize-payload", "skip-sanitize-payload", ...RIGHTS.flat()]);

/**
 * Whether a `user` line says no more than what holds without it: the default user, on, with every right and the password that `requirepass`
 * (bytes) sets. CONFIG REWRITE of Redis leaves such a line in every file, so configurations that Redis or Sentinel wrote must load.
 */
export function isDefaultUser(words: readonly string[], requirepass: string): boolean {
  const [name, ...rules] = words;
  if (name !== "default" || !rules.includes("on")) return false;
  if (!RIGHTS.every((names) => names.some((right) => rules.includes(right)))) return false;
  const passwords = rules.filter((rule) => !HARMLESS.has(rule));
  if (requirepass === "") return passwords.length === 0 && rules.includes("nopass");
  const hash = createHash("sha256").update(Buffer.from(requirepass, "latin1")).digest("hex");
  return passwords.length > 0 && !rules.includes("nopass") && passwords.every((rule) => rule === `#${hash}` || rule === `>${requirepass}`);
}
