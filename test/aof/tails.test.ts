import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { describeWithRedis } from "../support/redis.ts";
import type { Directory } from "./support.ts";
import { directoryWith, INCREMENT, tails, unit, WHOLE } from "./tails.ts";
import { askOurs, askRedis, CRASHED, type Verdict } from "./verdict.ts";

/** All of them (4000 starts of both servers) with AOF_TAILS=all, else every so many of the cuts. */
const ALL = process.env.AOF_TAILS === "all";
const STEP = ALL ? 1 : 60;
const CUT = /Truncating the AOF .* at offset (\d+)/;

/**
 * What counts of a verdict. Redis calls a star before a zero an error of reading, with whatever errno says at the moment. Where a file ends inside
 * a command of a transaction, Redis cuts behind the commands before it and leaves MULTI open: what is written next is lost at the start after
 * that (findings/aof-cut-inside-multi-loses-later-writes.sh). We cut before MULTI, as Redis does where the file ends between two commands.
 */
function essential(verdict: Verdict, openTransaction: boolean): Verdict {
  const log = verdict.log.map((line) =>
    line.replace(/(Unrecoverable error|Bad file format) reading the append only file.*/, "a file that cannot be read"),
  );
  if (!openTransaction) return { ...verdict, log };
  return { ...verdict, files: [], log: log.filter((line) => !/^Revert incomplete/.test(line)).map((line) => line.replace(CUT, "cut")) };
}

function fileOf(size: number): string {
  return `appendonlydir/${INCREMENT} ${size}`;
}

describeWithRedis("beside a real Redis", () => {
  test.each(["yes", "no"])("damaged ends of files are cut off or refused as Redis does: aof-load-truncated %s", async (truncated) => {
    const directives = { "aof-load-truncated": truncated };
    const cases = tails(STEP).filter((_, index) => ALL || truncated === "yes" || index % 4 === 0);
    const ask = async (): Promise<void> => {
      for (let tail = cases.shift(); tail !== undefined; tail = cases.shift()) {
        const [theirs, ours] = await Promise.all([askRedis(directoryWith(tail), directives), askOurs(directoryWith(tail), directives)]);
        if (theirs.log[0] === CRASHED) {
          expect({ tail: tail.name, starts: ours.starts }).toEqual({ tail: tail.name, starts: false });
          continue;
        }
        const open = ours.log.some((line) => line.startsWith("Revert incomplete"));
        expect({ tail: tail.name, ...essential(ours, open) }).toEqual({ tail: tail.name, ...essential(theirs, open) });
      }
    };
    await Promise.all(Array.from({ length: 4 }, ask)); // most of the time a Redis starts
  });
});

test("a damaged end of fewer bytes than aof-load-corrupt-tail-max-size is cut off, and no longer one", async () => {
  const tail = { name: "zeros", bytes: Buffer.concat([unit(["SET", "b", 1]).subarray(0, 9), Buffer.alloc(91)]) };
  const refused = await askOurs(directoryWith(tail), { "aof-load-truncated": "no", "aof-load-corrupt-tail-max-size": "100" });
  expect([refused.starts, refused.files[0]]).toEqual([false, fileOf(WHOLE.length + 100)]);
  const cut = await askOurs(directoryWith(tail), { "aof-load-truncated": "no", "aof-load-corrupt-tail-max-size": "101" });
  expect([cut.starts, cut.files[0], cut.keys]).toEqual([true, fileOf(WHOLE.length), ":2"]);
  expect(cut.log).toContain(`AOF ${INCREMENT} loaded anyway because aof-load-corrupt-tail-max-size is enabled`);
});

test("a damaged end of a file that is not the last is refused whatever may be cut", async () => {
  const directory: Directory = directoryWith({ name: "zeros", bytes: Buffer.alloc(5) });
  const next = "appendonly.aof.2.incr.aof";
  writeFileSync(directory.file(next), WHOLE);
  writeFileSync(directory.file("appendonly.aof.manifest"), `file ${INCREMENT} seq 1 type i\nfile ${next} seq 2 type i\n`);
  const { starts, log } = await askOurs(directory, { "aof-load-corrupt-tail-max-size": "1mb" });
  expect([starts, log.at(-1)]).toEqual([false, "Fatal error: the truncated file is not the last file"]);
});
