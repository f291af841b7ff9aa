import { expect, test } from "bun:test";
import { join } from "node:path";

const LOG = join(import.meta.dir, "..", "src", "log.ts");
/** Logs a line at a moment, and then the hour of it as the runtime has it, day before it. */
const PROGRAM = `
  import { Log } from ${JSON.stringify(LOG)};
  new Log({ level: "notice", file: "" }).notice("x");
  const now = new Date();
  console.log([now.getDate(), now.getHours(), now.getMinutes()].join(" "));
`;

for (const zone of ["UTC", "Etc/UTC", "Zulu", "", "Asia/Tokyo", "America/St_Johns", null]) {
  test(`lines are stamped with local time where the zone is ${zone ?? "the system's"}`, async () => {
    const { TZ: _, ...env } = process.env;
    const command = [process.execPath, "-e", PROGRAM];
    // Once more where a minute turned between the line and the look at the clock.
    for (let left = 3; ; left--) {
      const { stdout } = Bun.spawnSync(command, { env: zone === null ? env : { ...env, TZ: zone } });
      const [line = "", wanted = ""] = stdout.toString().split("\n");
      const found = /^\d+:C (\d\d) \w{3} \d{4} (\d\d):(\d\d):\d\d\.\d{3} \* x$/.exec(line);
      const stamped = found?.slice(1).map(Number).join(" ");
      if (stamped !== wanted && left > 1) continue;
      expect(stamped).toBe(wanted);
      return;
    }
  });
}
