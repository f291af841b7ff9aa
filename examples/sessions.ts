/**
 * An HTTP server with sessions, and the Redis that keeps them, in one program: no other process, no port but its own.
 *
 *     bun examples/sessions.ts                     # then, in another terminal:
 *     curl -c jar -b jar localhost:3000/login -d ada
 *     curl -c jar -b jar localhost:3000            # Hello ada, visit 1
 *
 * PORT: where it listens (3000). DATA: a folder that sessions are kept in over a restart.
 */
import { mkdirSync } from "node:fs";
import { Replicant } from "replicant";

const SESSION_SECONDS = 30 * 60;
const { PORT = "3000", DATA } = process.env;

if (DATA !== undefined) mkdirSync(DATA, { recursive: true });
const server = await Replicant.inProcess({
  maxmemory: "64mb",
  maxmemoryPolicy: "volatile-lru", // when there are too many, those that no one has used for longest go
  ...(DATA === undefined ? {} : { dir: DATA, appendonly: true }),
});
const redis = server.client;

/** Returns the key of a request's session, which lives on for a while since it was used; null: there is none. */
async function sessionOf(request: Bun.BunRequest): Promise<string | null> {
  const id = request.cookies.get("session");
  const key = `session:${id}`;
  return id !== null && (await redis.expire(key, SESSION_SECONDS)) === 1 ? key : null;
}

const web = Bun.serve({
  port: Number(PORT),
  routes: {
    "/login": {
      POST: async (request) => {
        const user = await request.text();
        const id = crypto.randomUUID();
        await redis
          .multi()
          .hset(`session:${id}`, { user, visits: "0" })
          .expire(`session:${id}`, SESSION_SECONDS)
          .sadd(`sessions-of:${user}`, id)
          .exec();
        request.cookies.set("session", id, { httpOnly: true, sameSite: "strict" });
        return new Response(`Welcome ${user}\n`);
      },
    },
    "/logout": {
      // Everywhere: all sessions of the user.
      POST: async (request) => {
        const session = await sessionOf(request);
        if (session === null) return new Response("Log in first\n", { status: 401 });
        const user = await redis.hget(session, "user");
        const ids = await redis.smembers(`sessions-of:${user}`);
        await redis.unlink([`sessions-of:${user}`, ...Array.from(ids, (id) => `session:${id}`)]);
        return new Response("Bye\n");
      },
    },
    "/": async (request) => {
      const session = await sessionOf(request);
      if (session === null) return new Response("Log in first\n", { status: 401 });
      const [user, visits] = await redis.pipeline().hget(session, "user").hincrby(session, "visits", 1).exec();
      return new Response(`Hello ${user}, visit ${visits}\n`);
    },
  },
});
console.log(`Sessions at ${web.url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await web.stop();
    await server.stop();
  });
}
