/**
 * `replicant attached`: the executable as a part of the program that started it. It is told what to do in lines of JSON on its standard
 * input, answers on its standard output (messages.ts), and stops when the input ends: when the program stops it, or is gone.
 */

import { toBytes } from "../base/words.ts";
import { parseArguments } from "../config/arguments.ts";
import { Config } from "../config/config.ts";
import { Log } from "../log.ts";
import { Server } from "../server.ts";
import { VERSION } from "../version.ts";
import { type FromServer, Lines, type StartWords, type ToServer } from "./messages.ts";

/** Resolves with the exit code. */
export async function attached(input: AsyncIterable<string>, tell: (line: string) => void): Promise<number> {
  const say = (message: FromServer): void => tell(`${JSON.stringify(message)}\n`);
  const lines = new Lines();
  let server: Server | null = null;
  for await (const piece of input) {
    for (const line of lines.take(piece)) {
      const message = JSON.parse(line) as ToServer;
      if (!("start" in message)) continue;
      try {
        server = await start(message.start);
      } catch (error) {
        say({ failed: error instanceof Error ? error.message : String(error) });
        return 1;
      }
      const { port } = server;
      say({ ready: { port, url: `redis://127.0.0.1:${port}`, pid: process.pid, version: VERSION } });
    }
  }
  await server?.stop();
  return 0;
}

/** Errors: those of Config and of Server.start. */
async function start({ options }: StartWords): Promise<Server> {
  const { port, ...others } = options;
  const words = Object.entries(others).flatMap(([name, value]) => [`--${directiveOf(name)}`, toBytes(wordOf(value))]);
  const settings = parseArguments(
    ["--save", "", "--bind", "127.0.0.1", ...(port === undefined ? [] : ["--port", String(port)]), ...words],
    never,
    never,
  );
  if (settings.kind !== "run") throw new Error("no options of Replicant.start");
  const server = new Server(new Config(settings.settings), { anyPort: port === undefined, log: new Log({ level: "nothing", file: "" }) });
  await server.start();
  return server;
}

/** `maxmemoryPolicy` is `maxmemory-policy`. */
function directiveOf(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function wordOf(value: unknown): string {
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

function never(): never {
  throw new Error("options are no files");
}
