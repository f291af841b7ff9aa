/** Asks each of the mocks for each command named on standard input. Prints, as JSON, those that it has not, and which Lua its scripts are in. */
import { readFileSync } from "node:fs";
import fakeredis from "fakeredis";
import IoredisMock from "ioredis-mock";
import redisMock from "redis-mock";

const commands = readFileSync(0, "utf8").trim().split("\n");

/** Returns the commands for which `send` throws, or rejects with, what matches `refusal`; one that waits for something is there. */
async function refused(refusal, send) {
  const found = [];
  for (const command of commands) {
    const limit = new Promise((resolve) => setTimeout(resolve, 50));
    const said = await Promise.race([Promise.resolve().then(() => send(command)), limit]).catch((error) => error);
    if (said instanceof Error && refusal.test(said.message)) found.push(command);
  }
  return found;
}

const quiet = (client) => client.on("error", () => {});
process.on("uncaughtException", () => {}); // what a mock throws in a turn of its own says nothing about the command asked for

const luaOf = async (run) => String(await run("return _VERSION").catch(({ message }) => message));
const promised = (call) => new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

const ioredis = quiet(new IoredisMock());
const redis = quiet(redisMock.createClient());
const fake = quiet(fakeredis.createClient("commands", { fast: true }));

console.log(
  JSON.stringify({
    "ioredis-mock": {
      missing: await refused(/^Unsupported command/, (command) => ioredis[command]("k")),
      lua: await luaOf((script) => ioredis.eval(script, 0)),
    },
    "redis-mock": {
      missing: commands.filter((command) => typeof redis[command] !== "function"),
      lua: await luaOf(async (script) => promised((done) => redis.eval(script, 0, done))),
    },
    fakeredis: {
      missing: await refused(/is not implemented in fakeredis/, (command) =>
        promised((done) => fake.send_command(command.toUpperCase(), ["k"], done)),
      ),
      lua: await luaOf(async (script) => promised((done) => fake.send_command("EVAL", [script, 0], done))),
    },
  }),
);
process.exit();
