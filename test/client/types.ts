/** What the types of the client say, for tsc (`npm run check`): nothing here is run. */
import { type Client, type ClientOf, defineFunction, defineScript, type ReplyError, type StreamEntry } from "../../src/client/index.ts";

/** Fails to type-check unless the type of `value` is `Expected`, no more and no less. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Actual>(value: Actual, ...same: Same<Actual, Expected> extends true ? [] : [expected: Expected]) => void;

export async function replies(client: Client): Promise<void> {
  is<string | null>()(await client.get("k"));
  is<"OK">()(await client.set("k", "v"));
  is<"OK">()(await client.set("k", 1, { ex: 10 }));
  is<"OK" | null>()(await client.set("k", "v", { nx: true }));
  is<"OK" | null>()(await client.set("k", "v", { ifEq: "w", keepTtl: true }));
  is<string | null>()(await client.set("k", "v", { get: true, px: 5n }));
  is<Record<string, string>>()(await client.hgetall("h"));
  is<Set<string>>()(await client.smembers("s"));
  is<string | null>()(await client.lpop("l"));
  is<string[] | null>()(await client.lpop("l", 2));
  is<string | null>()(await client.spop("s"));
  is<Set<string>>()(await client.spop("s", 2));
  is<string[]>()(await client.zrange("z", 0, -1));
  is<[string, number][]>()(await client.zrange("z", 0, -1, { withScores: true }));
  is<number>()(await client.zadd("z", [[1, "a"]]));
  is<number | null>()(await client.zadd("z", [[1, "a"]], { incr: true }));
  is<Record<string, StreamEntry<string>[]> | null>()(await client.xread({ s: "0" }));
  is<StreamEntry<string>[]>()(await client.xrange("s", "-", "+", { count: 2 }));
  is<string[]>()(await client.xclaim("s", "g", "c", 0, ["1-1"], { justId: true }));
  is<0 | 1>()(await client.expire("k", 5, { nx: true }));
  is<unknown>()(await client.eval("return 1"));
  is<number>()(await client.clientKill({ id: 1 }));
  is<"OK">()(await client.clientKill("127.0.0.1:1"));
}

export async function optionsDecide(client: Client): Promise<void> {
  const from = { fromMember: "a" };
  const by = { byRadius: { radius: 1, unit: "km" as const } };
  is<string[]>()(await client.geosearch("g", from, by));
  is<{ member: string; distance: number }[]>()(await client.geosearch("g", from, by, { withDist: true, asc: true }));
  const all = await client.geosearch("g", from, by, { withDist: true, withCoord: true, withHash: true, count: 5 });
  is<{ member: string; distance: number; hash: number | bigint; coordinates: [longitude: number, latitude: number] }[]>()(all);
  const perhaps: { withDist?: boolean; withCoord: true } = { withCoord: true };
  const [place] = await client.geosearch("g", from, by, perhaps);
  is<number | undefined>()(place.distance);
  is<[longitude: number, latitude: number]>()(place.coordinates);
  is<number | null>()(await client.geodist("g", "a", "b", { km: true }));
  // @ts-expect-error there is no such option
  await client.geosearch("g", from, by, { withDist: true, withDits: true });
}

interface User {
  name: string;
  readonly born: number;
}

export async function interfaces(client: Client, user: User, dated: { name: string; born: Date }): Promise<void> {
  is<number>()(await client.hset("h", user));
  is<string>()(await client.xadd("s", "*", user, { maxLen: { approximately: 100 } }));
  is<["OK", number]>()(await client.pipeline().mset(user).hset("h", user).exec());
  await client.hset("h", [["a", 1]]);
  await client.hset("h", new Map([["a", 1]]));
  await client.hset("h", { ...user, photo: new Uint8Array() });
  // @ts-expect-error a date cannot be sent
  await client.hset("h", dated);
  // @ts-expect-error a list of words is no list of pairs
  await client.hset("h", ["a", "b"]);
  // @ts-expect-error fields are an object
  await client.hset("h", "f");
  // @ts-expect-error one or the other
  await client.xadd("s", "*", user, { maxLen: 5, minId: "1-1" });
}

export async function bytes(client: ClientOf<Uint8Array>): Promise<void> {
  is<Uint8Array | null>()(await client.get("k"));
  is<Map<Uint8Array, Uint8Array>>()(await client.hgetall("h"));
  is<string>()(await client.type("k"));
  for await (const { channel, message } of client.subscribe("a")) is<Uint8Array>()(channel.length > 0 ? message : channel);
}

export async function chains(client: Client): Promise<void> {
  is<["OK", string | null, number | bigint]>()(await client.pipeline().set("k", "v").get("k").incr("n").exec());
  const [set, got] = await client.pipeline().set("k", "v").get("k").settle();
  is<"OK" | ReplyError>()(set);
  is<string | ReplyError | null>()(got);
  is<[string | null, Record<string, string>]>()(await client.multi().get("k").hgetall("h").exec());
  const watched = await client.watch("k", async (watching) => await watching.multi().get("k").exec());
  is<[string | null] | null>()(watched);
  is<[Uint8Array | null]>()(await client.bytes.pipeline().get("k").exec());
}

export async function programs(client: Client): Promise<void> {
  const add = defineScript({ numberOfKeys: 2, lua: "return 1", reply: Number });
  is<number>()(await client.script(add, ["a", "b"], [1]));
  is<[number]>()(await client.multi().script(add, ["a", "b"]).exec());
  const take = defineFunction({ name: "take", numberOfKeys: 1, run: (_call, [key]) => ({ key, left: 1 }) });
  is<{ key: string; left: number }>()(await client.function(take, ["k"]));
  // @ts-expect-error a key is missing
  await client.script(add, ["a"]);
  // @ts-expect-error one key too many
  await client.function(take, ["a", "b"]);
}

export function refused(client: Client): void {
  // @ts-expect-error one expiration at most
  client.set("k", "v", { ex: 10, px: 10 });
  // @ts-expect-error one condition at most
  client.set("k", "v", { nx: true, xx: true });
  // @ts-expect-error no such option
  client.set("k", "v", { exx: 10 });
  // @ts-expect-error seconds are a number
  client.set("k", "v", { ex: "10" });
  // @ts-expect-error a value is missing
  client.set("k");
  // @ts-expect-error null is no word
  client.set("k", null);
  // @ts-expect-error GT or LT
  client.zadd("z", [[1, "a"]], { gt: true, lt: true });
  // @ts-expect-error pairs of a score and a member
  client.zadd("z", [["a"]]);
  // @ts-expect-error ANY goes with COUNT
  client.geosearch("g", { fromMember: "a" }, { byRadius: { radius: 1, unit: "km" } }, { any: true });
  // @ts-expect-error a circle or a box
  client.geosearch("g", { fromMember: "a" }, { byRadius: { radius: 1, unit: "km" }, byBox: { width: 1, height: 1, unit: "km" } });
  // @ts-expect-error both ends of a range
  client.bitcount("k", 0);
  // @ts-expect-error LEFT or RIGHT
  client.lmove("a", "b", "LEFT", "MIDDLE");
  // @ts-expect-error it has its own way
  client.hello(3);
}
