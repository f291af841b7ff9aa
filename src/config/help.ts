/** The text of --help, made from the table of directives. */

import { DIRECTIVE_NAMES, DIRECTIVES } from "./options.ts";

const USAGE = `Usage: replicant [config file] [-] [--directive value ...] ...

  replicant                                     the defaults: port 6379, every address
  replicant /etc/replicant.conf --port 7000     a file of directives in redis.conf's syntax; options override it
  replicant -p 7000 -r "localhost 6379"         a live replica of the server at localhost:6379
  cat some.conf | replicant -                   directives from standard input
  replicant move HOST:PORT HOST:PORT            moves the data of one server to another while clients go on; more in replicant move --help
  replicant compare HOST:PORT HOST:PORT         whether two servers hold the same; more in replicant compare --help
  replicant follow redis://HOST:PORT            what a server has, and what changes; more in replicant follow --help
  replicant check dump.rdb                      what is in an RDB or append-only file, and whether it is whole; more in replicant check --help
  replicant cli [-h HOST] [-p PORT] COMMAND     what redis-cli does; more in replicant cli --help
  replicant convert dump.rdb out.rdb ...        RDB files of other versions, append-only files, JSON lines; more in replicant convert --help
  replicant benchmark [-h HOST] [-p PORT]       what redis-benchmark does; more in replicant benchmark --help

  -p, --port N             TCP port to listen on
  -H, --host ADDRESS       address to listen on (--bind takes several)
  -r, --replicaof "HOST PORT"
      --console            a page for browsers at http://127.0.0.1:7379 (--console-port takes another port)
  -h, --help
  -v, --version

Every directive is an option too. Those marked = cannot change while the server runs.
`;

/** What --help prints: the command line, then every directive with its values, its default and one line about it. */
export function usage(): string {
  const rows = DIRECTIVE_NAMES.filter((name) => !DIRECTIVES[name].hidden).map((name) => {
    const { kind, initial, help, mutable, effect } = DIRECTIVES[name];
    const byDefault = initial.text === "" ? "" : `, default ${initial.text}`;
    const values =
      effect === "default-only" ? `only ${initial.text === "" ? '""' : initial.text} in this version` : kind.syntax + byDefault;
    return `${mutable ? " " : "="} --${name}  ${values}\n      ${help}`;
  });
  return `${USAGE}\n${rows.join("\n")}\n`;
}
