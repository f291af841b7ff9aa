/** LOLWUT: a picture, and which version this is. */

import type { Call } from "../../../execution/call.ts";
import { commandsOf } from "../../../execution/command-spec.ts";
import { REDIS_VERSION, VERSION } from "../../../version.ts";
import { plotterArt } from "./plotter.ts";
import { replicatorArt } from "./replicator.ts";
import { skylineArt } from "./skyline.ts";

const command = commandsOf("server");

/** 8 + 16: the faces have replicated twice, each time eightfold. */
const ART_GENERATIONS = 24;
const MAX_ART_GENERATIONS = 1000;

/** Returns the picture that arguments from `first` on ask for. Errors: not an integer. */
type Picture = (call: Call, first: number) => string;

/** What the versions of Redis that drew one draw, within their limits, after our fashion; what no version draws is the replicator. */
const PICTURES: ReadonlyMap<bigint, Picture> = new Map<bigint, Picture>([
  [
    5n,
    (call, first) => {
      const columns = within(call, first, 66, 1000);
      const options = { columns, squaresPerRow: within(call, first + 1, 8, 200), rows: within(call, first + 2, 12, 200) };
      return `${plotterArt(options, Math.random)}\nAfter Georg Nees: Schotter, plotter on paper, 1968.`;
    },
  ],
  [
    6n,
    (call, first) => {
      const columns = within(call, first, 80, 1000);
      return `${skylineArt(columns, within(call, first + 1, 20, 1000), Math.random)}\nFor those who made worlds of eight bits.`;
    },
  ],
]);

function replicator(call: Call, first: number): string {
  const generations = first < call.count ? call.integer(first, 0, MAX_ART_GENERATIONS) : ART_GENERATIONS;
  return replicatorArt(generations, Math.random);
}

/** Returns an integer, or the nearest one from 1 to `most`; `initial` when it is not given. Errors: not an integer. */
function within(call: Call, index: number, initial: number, most: number): number {
  return index < call.count ? Math.min(most, Math.max(1, Number(call.int64(index)))) : initial;
}

export const lolwut = command("lolwut", { arity: -1, since: "5.0.0", flags: "readonly fast" })
  .takes("[VERSION version]")
  .answers("text")
  .docs("Draws computer art and tells the version.", "O(1)")
  .run((call) => {
    const says = call.count >= 3 && call.is(1, "version");
    const picture = says ? PICTURES.get(call.int64(2)) : undefined;
    const art = (picture ?? replicator)(call, says ? 3 : 1);
    call.reply.verbatim(`${art}\nReplicant ver. ${VERSION} (Redis ${REDIS_VERSION})\n`);
  });
