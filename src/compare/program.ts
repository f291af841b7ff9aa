/** `replicant compare`: compares two servers from outside, whatever they are. */

import { TLS_USAGE, type TlsFiles, takeTlsFile } from "../config/tls-words.ts";
import { ProgressLine } from "../progress/line.ts";
import { Comparison, type Counts, DEFAULT_DIFFERENCES, type Report } from "./comparison.ts";
import { everySoOften, wordsOf } from "./comparisons.ts";
import { CompareError } from "./endpoint.ts";
import { type Address, RemoteEndpoint } from "./remote.ts";

const USAGE = `Usage: replicant compare [options] SERVER SERVER

Compares the keys of two servers: which there are, their types, values and times to live. SERVER is [[USER]:PASSWORD@]HOST:PORT, and each may
be a Redis, a Valkey or a Replicant. What differs is looked at again, so writes may go on meanwhile.

  --sample COUNT        compare so many keys, drawn at random, instead of all
  --differences COUNT   name so many of the keys that differ (${DEFAULT_DIFFERENCES})
  --tls                 connect to both over TLS
${TLS_USAGE}
"Here" is the first server, "there" the second. Ends with 0 when all is the same, with 1 when it is not, with 2 when it could not compare.
`;

const DIFFERENT = 1;
const FAILED = 2;

interface Words {
  readonly servers: readonly Address[];
  readonly sample: number;
  readonly differences: number;
}

/** Runs it with the words behind `compare`. Returns the exit code. */
export async function compareProgram(
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
  { terminal = false }: { readonly terminal?: boolean } = {},
): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    print(USAGE);
    return 0;
  }
  try {
    const { servers, sample, differences } = parseWords(argv);
    const [here, there] = servers.map((server) => new RemoteEndpoint(server));
    const said = everySoOften((counts) => complain(`${wordsOf(counts)} so far\n`));
    const progress = (counts: Readonly<Counts>): void => (terminal ? line.at(comparison.keysPassed) : said(counts));
    const comparison = new Comparison(here, there, { sample, differences, wanted: () => true, progress });
    const line = new ProgressLine({ what: "Comparing", unit: "keys", total: () => comparison.keysTotal, draw: terminal ? complain : null });
    try {
      await here.open();
      await there.open();
      const report = await comparison.run();
      line.over();
      return report === null ? FAILED : show(report, print);
    } finally {
      line.over();
      here.close();
      there.close();
    }
  } catch (error) {
    if (!(error instanceof CompareError)) throw error;
    complain(`replicant compare: ${error.message}\n`);
    return FAILED;
  }
}

function show(report: Report, print: (text: string) => void): number {
  for (const { database, key, kind } of report.differences)
    print(`${kind} db${database} ${JSON.stringify(Buffer.from(key, "latin1").toString())}\n`);
  const offsets = { equal: "at the same replication offset", apart: "one lags behind the other", unrelated: "no replication between them" };
  print(`${wordsOf(report)} (${offsets[report.offsets]})\n`);
  return report.compared === report.same + report.changing ? 0 : DIFFERENT;
}

function parseWords(argv: readonly string[]): Words {
  const servers: Address[] = [];
  const tls: TlsFiles = {};
  let usesTls = false;
  let trusting = false;
  const numbers = { sample: 0, differences: DEFAULT_DIFFERENCES };
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index];
    if (word === "--sample" || word === "--differences") numbers[word.slice(2) as keyof typeof numbers] = countOf(word, argv[++index]);
    else if (takeTlsFile(word, argv[index + 1], tls, (reason) => new CompareError(reason))) index++;
    else if (word === "--tls") usesTls = true;
    else if (word === "--insecure") trusting = true;
    else if (word.startsWith("--")) throw new CompareError(`there is no option ${word} (see replicant compare --help)`);
    else servers.push(addressOf(word));
  }
  if (servers.length !== 2) throw new CompareError("two servers are needed (see replicant compare --help)");
  if (!usesTls && (trusting || Object.keys(tls).length > 0)) throw new CompareError("certificates are for --tls, which is not asked for");
  return { servers: usesTls ? servers.map((server) => ({ ...server, tls, trusting })) : servers, ...numbers };
}

function countOf(option: string, word: string | undefined): number {
  if (word === undefined || !/^\d{1,9}$/.test(word)) throw new CompareError(`${option} needs a number, not ${word ?? "nothing"}`);
  return Number(word);
}

function addressOf(word: string): Address {
  const at = word.lastIndexOf("@");
  const [, host, port] = /^(?:\[(?=.*\]))?(.+?)\]?:(\d{1,5})$/.exec(word.slice(at + 1)) ?? [];
  if (host === undefined || Number(port) > 65535) throw new CompareError(`${word.slice(at + 1)} is no HOST:PORT`);
  if (at < 0) return { host, port: Number(port) };
  const login = word.slice(0, at);
  const colon = login.indexOf(":");
  const password = login.slice(colon + 1);
  return colon > 0 ? { host, port: Number(port), user: login.slice(0, colon), password } : { host, port: Number(port), password };
}
