/** A link that breaks: passes bytes on to a port, and ends each connection after as many bytes from there as its plan says. */

import { connect, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy implements AsyncDisposable {
  readonly port: number;
  /** How many connections were ended. */
  cuts = 0;
  private readonly listener: Server;
  private readonly open = new Set<Socket>();

  private constructor(listener: Server, port: number) {
    this.listener = listener;
    this.port = port;
  }

  /** `plan`: after how many bytes the first connection ends, the second and so on; null for one that is left alone, as all later ones are. */
  static async start(target: number, plan: readonly (number | null)[]): Promise<CuttingProxy> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("it listens on a port");
    const proxy = new CuttingProxy(listener, address.port);
    let count = 0;
    listener.on("connection", (near) => proxy.join(near, connect(target, "127.0.0.1"), plan[count++] ?? null));
    return proxy;
  }

  /** Ends every connection there is now. */
  cut(): void {
    for (const socket of this.open) socket.destroy();
  }

  private join(near: Socket, far: Socket, limit: number | null): void {
    let left = limit ?? Number.POSITIVE_INFINITY;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", () => {
        this.open.delete(socket);
        end();
      });
    }
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk: string | Buffer) => {
      const some = Buffer.from(chunk as Buffer).subarray(0, left);
      left -= some.length;
      if (!near.write(some)) {
        far.pause();
        near.once("drain", () => far.resume());
      }
      if (left > 0) return;
      this.cuts++;
      near.end();
      far.destroy();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.listener.close(() => resolve()));
  }
}
