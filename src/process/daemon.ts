/** `daemonize yes`: the server runs in a process of its own, without a terminal, and its starter learns whether it came up. */

/** Tells the process that it is the one in the background. */
const MARK = "REPLICANT_DAEMON";

/** Whether this process is the one in the background; there, `ready` is to be called once it serves clients. */
export function daemon(env: Readonly<Record<string, string | undefined>>) {
  const inBackground = env[MARK] === "1";
  return {
    inBackground,
    ready() {
      if (!inBackground) return;
      process.send?.("ready");
      process.disconnect?.();
    },
  };
}

/**
 * Starts `command` again in the background, with `input` as its standard input: what this process has read of its own is gone. Returns the
 * exit code for this process once the other serves clients, or has failed and said why.
 */
export async function startInBackground(command: readonly string[], input: string): Promise<number> {
  const { promise: ready, resolve } = Promise.withResolvers<number>();
  const child = Bun.spawn([...command], {
    env: { ...process.env, [MARK]: "1" },
    // Not our own standard error: a reader that waits for its end would wait for the end of the server.
    stdio: [Buffer.from(input, "latin1"), "ignore", "pipe"],
    detached: true,
    ipc: () => resolve(0),
  });
  child.unref();
  return Promise.race([ready, child.exited.then((code) => tellFailure(code, child.stderr))]);
}

async function tellFailure(code: number, said: ReadableStream<Uint8Array>): Promise<number> {
  process.stderr.write(await new Response(said).text());
  return code === 0 ? 1 : code;
}
