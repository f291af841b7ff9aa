import { expect, test } from "bun:test";
import { Client } from "../../src/client/index.ts";
import { DIRECTIVES } from "../../src/config/options.ts";
import { startServer } from "../support/server.ts";

test("REPLICANT.DIRECTIVES has what CONFIG GET has, and the help of each", async () => {
  await using server = await startServer({ timeout: "17", requirepass: "secret" });
  await using client = await Client.connect(`redis://:secret@127.0.0.1:${server.port}`);
  const all = await client.replicantDirectives();
  const pairs = await client.configGet("*");
  expect(all.map(({ name, value }) => [name, value])).toEqual(Object.entries(pairs));
  const [timeout, secret, port] = await client.replicantDirectives(["timeout", "requirepass", "databases"]);
  const { initial, help, kind } = DIRECTIVES.timeout;
  expect(timeout).toEqual({
    name: "timeout",
    value: "17",
    default: initial.text,
    values: kind.syntax,
    help,
    changeable: true,
    effective: true,
    secret: false,
  });
  expect(secret?.secret).toBeTrue();
  expect(port?.changeable).toBeFalse();
  expect(await client.replicantDirectives("no-such-*")).toEqual([]);
});
