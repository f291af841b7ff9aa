/** What the tests call of packages that have no types of their own. */

declare module "redlock" {
  import type { Redis } from "ioredis";

  class Redlock {
    constructor(clients: readonly Redis[], options?: { retryCount?: number; retryDelay?: number; retryJitter?: number });
    lock(resource: string | readonly string[], ttl: number): PromiseLike<Redlock.Lock>;
    on(event: "clientError", listener: (error: Error) => void): void;
  }

  namespace Redlock {
    interface Lock {
      readonly expiration: number;
      unlock(): PromiseLike<unknown>;
      extend(ttl: number): PromiseLike<Lock>;
    }
  }

  export = Redlock;
}

declare module "express" {
  import type { RequestListener } from "node:http";

  interface Application extends RequestListener {
    use(middleware: unknown): void;
    get(path: string, handler: (request: unknown, response: { send(body: string): void }) => void): void;
  }

  function express(): Application;
  export = express;
}
