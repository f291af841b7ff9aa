import { expect, test } from "bun:test";
import { startConsole } from "../console/server.ts";
import { connect } from "../support/client.ts";
import { parseText } from "./support.ts";

test("/metrics is for users who may run INFO, /healthz and /readyz are for all", async () => {
  await using started = await startConsole({ requirepass: "secret" });
  const origin = `http://127.0.0.1:${started.server.console.port}`;
  const client = await connect(started.port);
  await client.command("AUTH", "secret");
  await client.command("ACL", "SETUSER", "prometheus", "on", ">figures", "+info", "+latency", "+slowlog|get");
  await client.command("ACL", "SETUSER", "other", "on", ">word", "+ping");
  const scrape = (login: string, path = "/metrics", accept = "*/*") =>
    fetch(origin + path, { headers: { accept, ...(login === "" ? {} : { authorization: `Basic ${btoa(login)}` }) } });
  expect((await scrape("")).status).toBe(401);
  expect((await scrape("")).headers.get("www-authenticate")).toStartWith("Basic ");
  expect((await scrape("prometheus:wrong")).status).toBe(401);
  expect((await scrape("other:word")).status).toBe(403);
  const response = await scrape("prometheus:figures");
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(parseText(await response.text()).samples.length).toBeGreaterThan(200);
  expect((await scrape("default:secret", "/metrics?check-keys=db0=*")).status).toBe(200);
  expect((await scrape("default:secret", "/metrics?check-keys=a=b=c")).status).toBe(400);
  expect(await (await scrape("", "/healthz")).text()).toBe("ok\n");
  expect(await (await scrape("", "/readyz")).text()).toBe("ready\n");
  expect(await (await scrape("", "/readyz", "application/json")).json()).toEqual({ ready: true, reasons: [] });
  client.close();
});
