/**
 * The two servers of a tool: addresses (URLs or HOST:PORT), who to log in as, what is shown over TLS. Passwords need never stand on the command
 * line, where others see them: they come from the environment or from a file.
 */

import { readFileSync } from "node:fs";
import { type Address, RemoteEndpoint } from "../compare/remote.ts";
import { failureWords } from "../config/error.ts";
import { type TlsFiles, takeTlsFile } from "../config/tls-words.ts";
import { parseAddress, type SourceAddress } from "../follow/address.ts";
import { FollowError } from "../follow/error.ts";

/** Variables of the environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is said where a password stands on the command line. */
export const PASSWORD_SEEN =
  "a password on the command line can be seen by others: the environment or a file can have it instead (see --help)";

interface End {
  user: string | undefined;
  password: string | undefined;
  readonly tls: TlsFiles;
  insecure: boolean;
}

/** The lines of a usage that explain the words; `first` and `second` are the names of the ends. */
export function endsUsage(first: string, second: string): string {
  const [own, other] = [first, second].map((name) => name.toUpperCase());
  return `  --tls                 connect over TLS to what is given as HOST:PORT (rediss:// URLs are over TLS anyway)
  --cacert FILE         whom their certificates must be from (else whom the system trusts)
  --cert FILE, --key FILE   our own certificate and its key
  --insecure            take any certificate of theirs
  --${first}-user NAME, --${second}-user NAME    log in as NAME there
  --${first}-password-file FILE, --${second}-password-file FILE    with the password that the first line of FILE is
  --${first}-cacert, --${first}-cert, --${first}-key, --${first}-insecure, --${second}-...    for one of the two only

Variables of the environment: REPLICANT_${own} and REPLICANT_${other} are the two servers where the command line has none, and
REPLICANT_${own}_PASSWORD and REPLICANT_${other}_PASSWORD their passwords. What stands on the command line can be seen by other users of the machine.
`;
}

export class Ends {
  private readonly names: readonly [string, string];
  private readonly failure: (reason: string) => Error;
  private readonly words: string[] = [];
  private readonly ends: readonly [End, End] = [newEnd(), newEnd()];
  private secure = false;

  /** `names`: what the two are called in options. `failure`: makes an error of what is wrong with the words. */
  constructor(names: readonly [string, string], failure: (reason: string) => Error) {
    this.names = names;
    this.failure = failure;
  }

  /** Takes the word at `index` if it concerns the servers. Returns how many words that were. Errors: `failure`. */
  take(argv: readonly string[], index: number): number {
    const word = argv[index];
    if (!word.startsWith("--")) {
      this.words.push(word);
      return 1;
    }
    if (word === "--tls") {
      this.secure = true;
      return 1;
    }
    const [, name = "", rest = ""] = /^--([a-z]+)-(.*)$/.exec(word) ?? [];
    const which = this.names.indexOf(name);
    const ends = which < 0 ? this.ends : [this.ends[which]];
    const option = which < 0 ? word : `--${rest}`;
    if (option === "--insecure") {
      for (const end of ends) end.insecure = true;
      return 1;
    }
    const behind = argv.at(index + 1);
    let taken = 0;
    for (const end of ends) if (takeTlsFile(option, behind, end.tls, this.failure)) taken = 2;
    if (taken > 0 || which < 0) return taken;
    const [end] = ends;
    if (option === "--user") end.user = this.wordBehind(word, behind);
    else if (option === "--password-file") end.password = this.firstLineOf(this.wordBehind(word, behind), word);
    else return 0;
    return 2;
  }

  private wordBehind(word: string, behind: string | undefined): string {
    if (behind === undefined) throw this.failure(`${word} needs a word behind it`);
    return behind;
  }

  private firstLineOf(path: string, word: string): string {
    try {
      const [line] = readFileSync(path, "latin1").split(/\r?\n/, 1);
      return Buffer.from(line, "latin1").toString();
    } catch (error) {
      throw this.failure(`${word}: ${failureWords(error)}`);
    }
  }

  /** Whether a password stands on the command line. */
  get showsPassword(): boolean {
    return this.words.some((word) => /^(?:\w+:\/\/)?[^@/]*:[^@]+@/.test(word));
  }

  /** The two servers. `tool`: for messages. Errors: `failure`. */
  addresses(environment: Environment, tool: string): [SourceAddress, SourceAddress] {
    const words = [...this.words];
    for (const name of this.names) {
      const known = environment[`REPLICANT_${name.toUpperCase()}`] ?? "";
      if (words.length < 2 && known !== "") words.splice(name === this.names[0] ? 0 : words.length, 0, known);
    }
    if (words.length !== 2) throw this.failure(`two servers are needed (see replicant ${tool} --help)`);
    const secure = words.map((word) => (word.includes("://") ? /^(rediss|valkeys):/.test(word) : this.secure));
    for (const [index, { tls, insecure }] of this.ends.entries()) {
      if ((insecure || Object.keys(tls).length > 0) && !secure[index] && !secure[1 - index])
        throw this.failure("certificates are for --tls, which is not asked for");
    }
    const [first, second] = words.map((word, index) => this.addressOf(word, index, secure[index], environment));
    return [first, second];
  }

  private addressOf(word: string, index: number, secure: boolean, environment: Environment): SourceAddress {
    const { user, password, tls, insecure } = this.ends[index];
    const known = environment[`REPLICANT_${this.names[index].toUpperCase()}_PASSWORD`] ?? "";
    const given = password ?? (known === "" ? undefined : known);
    const files = insecure ? { ...tls, rejectUnauthorized: false } : tls;
    try {
      return parseAddress(word, { user, password: given, secure, ...(secure ? { tls: files } : {}) });
    } catch (error) {
      if (error instanceof FollowError) throw this.failure(error.message);
      throw error;
    }
  }
}

function newEnd(): End {
  return { user: undefined, password: undefined, tls: {}, insecure: false };
}

/** A connection to one of them, not open yet. */
export function endpointOf({ route, user, password, tls }: SourceAddress): RemoteEndpoint {
  const { host, port, trust } = route;
  const login = user === "" ? { password } : { user, password };
  const address: Address = { host, port, tls, trusting: trust === "any", ...login };
  return new RemoteEndpoint(address);
}
