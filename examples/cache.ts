/**
 * A cache in the program's own memory that is never stale for long: the feed of changes says what to forget, whoever changed it. The Redis may
 * be any, of any version: nothing is switched on there, and no client has to tell that it wrote.
 *
 *     bun examples/cache.ts                                # with a Redis of its own
 *     bun examples/cache.ts redis://user:password@host     # with yours
 */
import { Replicant } from "replicant";
import { Client } from "replicant/client";
import { type Feed, follow } from "replicant/follow";

/** What `product:*` hashes hold, by key: read from Redis once, then from memory until the feed says that they were changed. */
class ProductCache {
  hits = 0;
  misses = 0;
  /** Resolves when changes are heard of: before that nothing may be kept. */
  readonly ready: Promise<void>;
  private readonly redis: Client;
  private readonly products = new Map<string, Promise<Record<string, string>>>();
  private readonly heard = Promise.withResolvers<void>();

  constructor(redis: Client, feed: Feed<string>) {
    this.redis = redis;
    this.ready = this.heard.promise;
    void this.listen(feed);
  }

  get(key: string): Promise<Record<string, string>> {
    const known = this.products.get(key);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    this.misses++;
    const product = this.redis.hgetall(key);
    this.products.set(key, product);
    return product;
  }

  private async listen(feed: Feed<string>): Promise<void> {
    for await (const event of feed) {
      if (event.kind === "change") this.products.delete(event.key);
      // What happened in between is not known, or it was everything.
      if (event.kind === "gap" || event.kind === "flush" || event.kind === "swap") this.products.clear();
      if (event.kind === "image-end") {
        this.products.clear();
        this.heard.resolve();
      }
    }
  }

  /** Resolves when a key is no longer held. */
  async forgotten(key: string): Promise<void> {
    while (this.products.has(key)) await Bun.sleep(1);
  }
}

const [url] = process.argv.slice(2);
const own = url === undefined ? await Replicant.start({ replDisklessSyncDelay: 0 }) : null;
const redis = await Client.connect(own?.url ?? url);
const feed = follow(own?.url ?? url ?? "", { keys: "product:*" });
const cache = new ProductCache(redis, feed);

await redis.hset("product:1", { name: "Lamp", price: "20" });
await cache.ready;
for (let n = 0; n < 1000; n++) await cache.get("product:1");
console.log((await cache.get("product:1")).price, `${cache.hits} hits, ${cache.misses} miss`);

// Someone else changes it: another program, another client, a script.
await redis.eval("return redis.call('HSET', KEYS[1], 'price', ARGV[1])", ["product:1"], ["25"]);
await cache.forgotten("product:1");
console.log((await cache.get("product:1")).price, `${cache.hits} hits, ${cache.misses} misses`);

await feed.return();
await redis.close();
await own?.stop();
