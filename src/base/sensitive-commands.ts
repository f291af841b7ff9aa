/** Which commands hold passwords: those stay out of the history. */

/** Options of CONFIG SET whose values are secret. */
const SECRETS: ReadonlySet<string> = new Set([
  "masterauth",
  "masteruser",
  "primaryauth",
  "primaryuser",
  "requirepass",
  "tls-client-key-file-pass",
  "tls-key-file-pass",
]);

/** Whether a command shows a secret: AUTH, ACL SETUSER, CONFIG SET of a password, HELLO, MIGRATE and REPLICANT.COMPARE with a login. */
export function isSensitive(command: readonly string[]): boolean {
  const words = command.map((word) => word.toLowerCase());
  switch (words[0]) {
    case "auth":
      return true;
    case "acl":
      return words[1] === "setuser";
    case "config":
      return words[1] === "set" && words.some((word, index) => index >= 2 && index % 2 === 0 && SECRETS.has(word));
    case "hello": {
      const login = words[2] === "setname" ? 4 : 2;
      return words[login] === "auth" && words.length > login + 2;
    }
    case "migrate": {
      const options = words.slice(6);
      const keys = options.indexOf("keys");
      const before = keys < 0 ? options : options.slice(0, keys);
      return before.some(
        (word, index) => (word === "auth" && index + 1 < options.length) || (word === "auth2" && index + 2 < options.length),
      );
    }
    case "replicant.compare":
      return words[3] === "auth" && words.length > 4;
    default:
      return false;
  }
}
