/** Scripts through the clients themselves: commands that ioredis and node-redis define, functions, bytes, RESP3 and errors. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { createClient, defineScript, RESP_TYPES } from "redis";
import { closing, useSoftwareServer } from "./support.ts";

const port = useSoftwareServer();

const ADD = "return redis.call('incrby', KEYS[1], ARGV[1]) + #ARGV";

describe("ioredis", () => {
  test("a defined command is sent by its digest, in a pipeline and a transaction too, and sent whole where the server lacks it", async () => {
    await using stack = new AsyncDisposableStack();
    const client = closing(stack, new Redis(port(), { keyPrefix: "io:" }), (closed) => closed.quit());
    client.defineCommand("add", { numberOfKeys: 1, lua: ADD });
    const run = (client as unknown as { add(key: string, ...words: number[]): Promise<number> }).add.bind(client);
    expect(await run("n", 5)).toBe(6);
    expect(await run("n", 5, 0, 0)).toBe(13);
    await client.script("FLUSH");
    expect(await run("n", 1)).toBe(12);
    await client.script("FLUSH");
    const pipeline = client.pipeline() as unknown as {
      add(key: string, n: number): typeof pipeline;
      exec(): Promise<[Error | null, unknown][]>;
    };
    expect(await pipeline.add("n", 1).add("n", 1).exec()).toEqual([
      [null, 13],
      [null, 14],
    ]);
    const multi = client.multi() as unknown as typeof pipeline;
    expect(await multi.add("n", 1).exec()).toEqual([[null, 15]]);
    expect(await client.get("n")).toBe("14");
  });

  test("bytes, nested tables, status and errors come through as they are", async () => {
    await using stack = new AsyncDisposableStack();
    const client = closing(stack, new Redis(port()), (closed) => closed.quit());
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    expect(await client.callBuffer("EVAL", "return ARGV[1]", 0, bytes)).toEqual(bytes);
    const results = await client.eval("return {1, 2.9, 'three', {true, false, redis.status_reply('FINE')}, nil, 'lost'}", 0);
    expect(results).toEqual([1, 2, "three", [1, null, "FINE"]]);
    await expect(client.eval("return redis.error_reply('MINE of my own')", 0)).rejects.toThrow("MINE of my own");
    await expect(client.eval("return redis.call('nosuch')", 0)).rejects.toThrow("Unknown Redis command called from script");
    await expect(client.evalsha("0".repeat(40), 0)).rejects.toThrow("NOSCRIPT");
    const text = "return 'loaded'";
    const digest = createHash("sha1").update(text).digest("hex");
    expect(await client.script("LOAD", text)).toBe(digest);
    expect(await client.script("EXISTS", digest, "0".repeat(40))).toEqual([1, 0]);
    expect(await client.evalsha_ro(digest, 0)).toBe("loaded");
  });

  test("functions are loaded, called, listed and deleted", async () => {
    await using stack = new AsyncDisposableStack();
    const client = closing(stack, new Redis(port()), (closed) => closed.quit());
    const code =
      "#!lua name=iolib\nredis.register_function{function_name='put', callback=function(k, a) return redis.call('set', k[1], a[1]) end}\n" +
      "redis.register_function{function_name='peek', callback=function(k) return redis.call('get', k[1]) end, flags={'no-writes'}}";
    expect(await client.function("LOAD", code)).toBe("iolib");
    expect(await client.fcall("put", 1, "io:f", "value")).toBe("OK");
    expect(await client.fcall_ro("peek", 1, "io:f")).toBe("value");
    await expect(client.fcall_ro("put", 1, "io:f", "value")).rejects.toThrow("Can not execute a script with write flag");
    const dump = await client.functionBuffer("DUMP");
    expect(await client.function("DELETE", "iolib")).toBe("OK");
    expect(await client.function("LIST")).toEqual([]);
    expect(await client.function("RESTORE", dump as Buffer)).toBe("OK");
    expect(await client.fcall("peek", 1, "io:f")).toBe("value");
  });
});

describe("node-redis", () => {
  const scripts = {
    add: defineScript({
      SCRIPT: ADD,
      NUMBER_OF_KEYS: 1,
      parseCommand(parser, key: string, n: number) {
        parser.pushKey(key);
        parser.push(String(n));
      },
      transformReply: (reply: number) => reply * 10,
    }),
  };

  test.each([2, 3] as const)("a defined script runs alone and in a transaction, over RESP%i", async (RESP) => {
    await using stack = new AsyncDisposableStack();
    const client = createClient({ url: `redis://127.0.0.1:${port()}`, scripts, RESP });
    closing(stack, await client.connect(), (closed) => closed.close());
    await client.scriptFlush();
    const key = `node:${RESP}`;
    expect(await client.add(key, 5)).toBe(60);
    expect(await client.add(key, 5)).toBe(110);
    const replies: unknown = await client.multi().add(key, 1).add(key, 1).exec();
    expect(replies).toEqual([120, 130]);
    const script = "redis.setresp(3); redis.call('hset', KEYS[1], 'f', 'v'); return {redis.call('hgetall', KEYS[1]), 3.7, false}";
    const values = await client.eval(script, { keys: [`${key}:hash`] });
    expect(JSON.stringify(values)).toBe(RESP === 3 ? '[{"f":"v"},3,false]' : '[["f","v"],3,0]');
    const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect(await raw.eval("return '\\255\\0'")).toEqual(Buffer.from([255, 0]));
  });
});
