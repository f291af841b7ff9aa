/** `replicant compare`: compares two servers from outside, whatever they are. */

import { Comparison, type Counts, DEFAULT_DIFFERENCES, type Report } from "../../compare/comparison.ts";
import { everySoOften, wordsOf } from "../../compare/comparisons.ts";
import { CompareError } from "../../compare/endpoint.ts";
import type { SourceAddress } from "../../follow/address.ts";
import { ProgressLine } from "../../progress/line.ts";
import { Ends, type Environment, endpointOf, endsUsage, PASSWORD_SEEN } from "../ends.ts";

const USAGE = `Usage: replicant compare [options] SERVER SERVER

Compares the keys of two servers: which there are, their types, values and times to live. SERVER is redis://[USER@]HOST[:PORT], over TLS
rediss://..., or HOST:PORT, and each may be a Redis, a Valkey or a Replicant. What differs is looked at again, so writes may go on meanwhile.

  --sample COUNT        compare so many keys, drawn at random, instead of all
  --differences COUNT   name so many of the keys that differ (${DEFAULT_DIFFERENCES})
${endsUsage("here", "there")}
"Here" is the first server, "there" the second. Ends with 0 when all is the same, with 1 when it is not, with 2 when it could not compare.
`;

const DIFFERENT = 1;
const FAILED = 2;

interface Words {
  readonly servers: readonly [SourceAddress, SourceAddress];
  readonly showsPassword: boolean;
  readonly sample: number;
  readonly differences: number;
}

/** Runs it with the words behind `compare`. Returns the exit code. */
export async function compareProgram(
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
  environment: Environment = {},
  { terminal = false }: { readonly terminal?: boolean } = {},
): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    print(USAGE);
    return 0;
  }
  try {
    const { servers, showsPassword, sample, differences } = parseWords(argv, environment);
    if (showsPassword) complain(`replicant compare: ${PASSWORD_SEEN}\n`);
    const [here, there] = servers.map(endpointOf);
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

function parseWords(argv: readonly string[], environment: Environment): Words {
  const ends = new Ends(["here", "there"], (reason) => new CompareError(reason));
  const numbers = { sample: 0, differences: DEFAULT_DIFFERENCES };
  for (let index = 0; index < argv.length; ) {
    const word = argv[index];
    const taken = ends.take(argv, index);
    index += taken;
    if (taken > 0) continue;
    if (word !== "--sample" && word !== "--differences")
      throw new CompareError(`there is no option ${word} (see replicant compare --help)`);
    numbers[word.slice(2) as keyof typeof numbers] = countOf(word, argv[index + 1]);
    index += 2;
  }
  return { servers: ends.addresses(environment, "compare"), showsPassword: ends.showsPassword, ...numbers };
}

function countOf(option: string, word: string | undefined): number {
  if (word === undefined || !/^\d{1,9}$/.test(word)) throw new CompareError(`${option} needs a number, not ${word ?? "nothing"}`);
  return Number(word);
}
