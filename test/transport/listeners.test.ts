import { afterEach, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { type Acceptor, ListenError, Listeners, listenAddresses } from "../../src/transport/listeners.ts";
import { connect } from "../support/client.ts";
import { freePort, startServer as startProcess } from "../support/process.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { untilClosed, within } from "./sockets.ts";

/** Says hello to everyone and hangs up. */
const HELLO: Acceptor = {
  accept(socket) {
    socket.end("hello");
    return null;
  },
  refused(reason: string): never {
    throw new Error(reason);
  },
  failed(error) {
    throw error;
  },
};

/** Addresses that no machine has: set aside for documentation (RFC 5737, RFC 3849). */
const NOBODYS = "203.0.113.77";
const NOBODYS_IPV6 = "2001:db8::77";

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));

let opened: { close(): void }[] = [];

afterEach(() => {
  for (const one of opened) one.close();
  opened = [];
});

function listener(): Listeners {
  const made = new Listeners(HELLO);
  opened.push(made);
  return made;
}

/** Takes a port of 127.0.0.1 away from others. */
function occupy(port = 0): number {
  const socket = Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data() {} } });
  opened.push({ close: () => socket.stop(true) });
  return socket.port;
}

const hello = (host: string, port: number) => untilClosed({ host, port }, []);
/** Addresses and a port, without a unix socket. */
const on = (addresses: string[], port: number | null) => listenAddresses(addresses, port, { path: "", mode: 0 });

async function isDeaf(host: string, port: number): Promise<boolean> {
  return connect({ host, port }).then(
    (client) => {
      client.close();
      return false;
    },
    () => true,
  );
}

describe("the listener", () => {
  test("opens any free port", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], null));
    expect(listeners.port).toBeGreaterThan(0);
    expect(await hello("127.0.0.1", listeners.port)).toBe("hello");
    const { port } = listeners;
    listeners.close();
    expect(listeners.port).toBe(0);
    expect(await isDeaf("127.0.0.1", port)).toBe(true);
  });

  test("opens no port when it is 0", () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], 0));
    expect(listeners.port).toBe(0);
  });

  test("opens one port on several addresses", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1", "127.0.0.2"], null));
    expect(await hello("127.0.0.1", listeners.port)).toBe("hello");
    expect(await hello("127.0.0.2", listeners.port)).toBe("hello");
  });

  test("passes over an optional address that the machine does not have, and no other", async () => {
    const listeners = listener();
    listeners.listen(on([`-${NOBODYS}`, "127.0.0.1", `-${NOBODYS_IPV6}`], null));
    expect(await hello("127.0.0.1", listeners.port)).toBe("hello");
    const strict = listener();
    expect(() => strict.listen(on(["127.0.0.1", NOBODYS], null))).toThrow(
      /^Failed listening on port \d+ \(tcp\) of 203\.0\.113\.77: this machine has no such address$/,
    );
    expect(strict.port).toBe(0);
  });

  test("does not start without any address", () => {
    expect(() => listener().listen(on([`-${NOBODYS}`], 7777))).toThrow(ListenError);
  });

  test("does not pass over an optional address whose port is taken, and leaves nothing open", async () => {
    const port = occupy();
    const listeners = listener();
    expect(() => listeners.listen(on(["127.0.0.2", "-127.0.0.1"], port))).toThrow("address already in use");
    expect(await isDeaf("127.0.0.2", port)).toBe(true);
  });

  test("takes * for every IPv4 address, and the default bind for IPv6 as well", async () => {
    const listeners = listener();
    listeners.listen(on(["*", "-::*"], null));
    for (const host of ["127.0.0.1", "127.0.0.3", ...(hasIPv6 ? ["::1"] : [])]) expect(await hello(host, listeners.port)).toBe("hello");
  });

  test.if(hasIPv6)("takes IPv6 addresses, for IPv6 only", async () => {
    const listeners = listener();
    listeners.listen(on(["::1"], null));
    expect(await hello("::1", listeners.port)).toBe("hello");
    const every = listener();
    every.listen(on(["::*"], null));
    expect(await hello("::1", every.port)).toBe("hello");
    expect(await isDeaf("127.0.0.1", every.port)).toBe(true);
  });

  test("says why a unix socket cannot be", () => {
    const listeners = listener();
    expect(() => listeners.listen(listenAddresses(["127.0.0.1"], null, { path: "/no/such/directory/socket", mode: 0 }))).toThrow(
      "Failed opening unix socket /no/such/directory/socket: no such directory",
    );
    expect(listeners.port).toBe(0);
  });
});

describe("reopening", () => {
  test("moves to another port", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], null));
    const before = listeners.port;
    const after = freePort();
    listeners.listen(on(["127.0.0.1"], after));
    expect(listeners.port).toBe(after);
    expect(await hello("127.0.0.1", after)).toBe("hello");
    expect(await isDeaf("127.0.0.1", before)).toBe(true);
  });

  test("to a taken port fails and changes nothing", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.2", "127.0.0.1"], null));
    const before = listeners.port;
    const taken = occupy();
    expect(() => listeners.listen(on(["127.0.0.2", "127.0.0.1"], taken))).toThrow("address already in use");
    expect(listeners.port).toBe(before);
    for (const host of ["127.0.0.1", "127.0.0.2"]) expect(await hello(host, before)).toBe("hello");
    expect(await isDeaf("127.0.0.2", taken)).toBe(true);
  });

  test("adds and drops addresses, from one to all and back", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], null));
    const { port } = listeners;
    const STEPS: [addresses: string[], heard: string[], deaf: string[]][] = [
      [["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.3"]],
      [["127.0.0.2"], ["127.0.0.2"], ["127.0.0.1"]],
      [["*"], ["127.0.0.1", "127.0.0.2"], []],
      [["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]],
      [["127.0.0.1", `-${NOBODYS}`], ["127.0.0.1"], ["127.0.0.2"]],
    ];
    for (const [addresses, heard, deaf] of STEPS) {
      listeners.listen(on(addresses, port));
      expect(listeners.port).toBe(port);
      for (const host of heard) expect(await hello(host, port)).toBe("hello");
      for (const host of deaf) expect(await isDeaf(host, port)).toBe(true);
    }
  });

  test("to addresses that are not all there fails and changes nothing, even where old listeners had to shut first", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], null));
    const { port } = listeners;
    expect(() => listeners.listen(on(["*", NOBODYS], port))).toThrow(ListenError);
    expect(listeners.port).toBe(port);
    expect(await hello("127.0.0.1", port)).toBe("hello");
    expect(await isDeaf("127.0.0.2", port)).toBe(true);
  });

  test("on port 0 stops listening, and on another opens them again", async () => {
    const listeners = listener();
    listeners.listen(on(["127.0.0.1"], null));
    const { port } = listeners;
    listeners.listen(on(["127.0.0.1"], 0));
    expect(listeners.port).toBe(0);
    expect(await isDeaf("127.0.0.1", port)).toBe(true);
    listeners.listen(on(["127.0.0.1"], port));
    expect(await hello("127.0.0.1", port)).toBe("hello");
  });
});

describe("a server's listeners", () => {
  let server: TestServer | null = null;

  afterEach(async () => {
    await server?.stop();
    server = null;
  });

  test("follow CONFIG SET port and bind; who is connected stays", async () => {
    server = await startServer();
    const client = await connect(server.port);
    const port = freePort();
    expect(await client.text("CONFIG", "SET", "port", port, "bind", "127.0.0.1 127.0.0.2")).toBe("OK");
    expect(await client.text("PING")).toBe("PONG");
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const other = await connect({ host, port });
      expect(await other.text("PING")).toBe("PONG");
      other.close();
    }
    expect(await isDeaf("127.0.0.1", server.port)).toBe(true);
    client.close();
  });

  test("stay where they are when CONFIG SET cannot move them", async () => {
    server = await startServer();
    const client = await connect(server.port);
    const taken = occupy();
    expect((await client.command("CONFIG", "SET", "port", taken)).toString()).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.\r\n",
    );
    expect((await client.command("CONFIG", "SET", "bind", NOBODYS)).toString()).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.\r\n",
    );
    const other = await connect(server.port);
    expect((await other.command("CONFIG", "GET", "port")).toString()).toBe(
      `*2\r\n$4\r\nport\r\n$${String(server.port).length}\r\n${server.port}\r\n`,
    );
    other.close();
    client.close();
  });
});

describe("the executable", () => {
  const COMMAND = [process.execPath, "run", "src/main.ts"];

  test("says in one line that its port is in use, and ends with 1", async () => {
    const port = occupy();
    const child = Bun.spawn([...COMMAND, "--port", String(port), "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, out, err] = await within(
      Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]),
      "the server to give up",
    );
    const lines = `${out}${err}`.split("\n").filter((line) => line !== "");
    expect(lines.filter((line) => line.includes("in use"))).toEqual(lines);
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain(`Failed listening on port ${port} (tcp) of 127.0.0.1: address already in use`);
    expect(code).toBe(1);
  });

  test("stops at a broken invariant and logs it, whichever client's request met it", async () => {
    const server = await startProcess([process.execPath, "run", "--preload", "./test/transport/broken-invariant.ts", "src/main.ts"], {
      args: ["--save", ""],
    });
    const client = await server.connect();
    client.send("PING\r\nBREAK\r\nPING\r\n");
    expect(await within(server.exited, "the server to stop")).toBe(1);
    expect(await server.log()).toMatch(
      /# Replicant stops because of an internal error: InvariantError: broken by the test\n[\s\S]*STACK TRACE ------\n.*\n +at /,
    );
    await client.closed;
    await server.stop();
  });

  test("serves, and ends with 0 when asked to", async () => {
    const server = await startProcess(COMMAND, { args: ["--save", ""] });
    const client = await server.connect();
    expect(await client.text("PING")).toBe("PONG");
    client.close();
    expect(await server.stop()).toBe(0);
  });
});
