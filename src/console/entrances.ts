/** How people and programs show who they are: a cookie for browsers, a name and a password with each request for others. */

import type { ServerParts } from "../execution/server-parts.ts";
import { Denied } from "../session/acl/acl-log.ts";
import type { User } from "../session/acl/user.ts";
import type { ClientAcceptor } from "../transport/acceptor.ts";
import { BrowserSocket, type SocketSurroundings } from "./browser-socket.ts";
import { type Entrant, Entrants } from "./entrants.ts";
import { refusal } from "./responses.ts";
import type { Visit } from "./visit.ts";

/** Those who guess wait for so long... */
const WRONG_MS = 500;
/** ...and no more of them at a time. */
const MOST_GUESSES = 8;

const WRONG = "The name or the password is not right, or the user is disabled.";
const MUST_ENTER = "Nobody has entered here: POST a user and a password to /session.";
const MUST_SAY_WHO = "This needs a user of the server and a password (HTTP basic authentication).";

export class Entrances {
  private readonly parts: ServerParts;
  private readonly entrants: Entrants;
  private readonly surroundings: SocketSurroundings;
  private guesses = 0;

  constructor(parts: ServerParts, acceptor: ClientAcceptor) {
    this.parts = parts;
    const { access, config, keyspace } = parts;
    this.entrants = new Entrants(access, () => keyspace.tick());
    this.surroundings = { acceptor, access, mostWaiting: () => config.values["client-query-buffer-limit"] };
  }

  /** GET /session: `{"user": the name or null, "open": whether one may enter without a password}`. */
  tell(visit: Visit): Response {
    return this.answer(this.entrant(visit)?.user ?? null);
  }

  /** POST /session, with `{"user": "...", "password": "..."}` or, where the server needs none, `{}`. */
  async enter(visit: Visit): Promise<Response> {
    if (!/^application\/json\b/.test(visit.request.headers.get("content-type") ?? "")) return refusal(415, "What enters is JSON.");
    const wanted = await credentialsOf(visit.request);
    if (wanted === null) return refusal(400, 'What enters is {"user": "...", "password": "..."}, in JSON.');
    const user = wanted === "stranger" ? this.entrants.stranger : await this.check(visit, wanted.user, wanted.password);
    if (user instanceof Response) return user;
    if (user === null) return refusal(401, "This server wants a user and a password.");
    const before = this.entrant(visit);
    if (before !== null) this.entrants.leave(before);
    const { token } = this.entrants.enter(user);
    const response = this.answer(user);
    response.headers.set("set-cookie", cookie(visit, token));
    return response;
  }

  /** DELETE /session. */
  leave(visit: Visit): Response {
    const entrant = this.entrant(visit);
    if (entrant !== null) this.entrants.leave(entrant);
    const response = this.answer(null);
    response.headers.set("set-cookie", `${cookie(visit, "")}; Max-Age=0`);
    return response;
  }

  /** GET /socket: a WebSocket that is a client of the server. */
  connect(visit: Visit): Response | undefined {
    const { request, server, address, port, url } = visit;
    const entrant = this.entrant(visit);
    if (entrant === null) return refusal(401, MUST_ENTER);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return refusal(426, "This is a WebSocket.");
    const localPort = Number(url.port) || server.port || 0;
    const closed = (gone: BrowserSocket): unknown => entrant.sockets.delete(gone);
    const place = { user: entrant.user, address, port, localAddress: url.hostname, localPort, closed };
    const socket = new BrowserSocket(place, this.surroundings);
    if (!server.upgrade(request, { data: socket })) return refusal(400, "This is no handshake of a WebSocket.");
    entrant.sockets.add(socket);
    return undefined;
  }

  /**
   * Who asks for something that is no page: by a cookie, by HTTP's basic authentication, or the default user where that needs no password.
   * Returns what is told to those who may not.
   */
  async visitor(visit: Visit): Promise<User | Response> {
    const header = visit.request.headers.get("authorization");
    if (header === null) {
      const user = this.entrant(visit)?.user ?? this.entrants.stranger;
      return user ?? challenge(MUST_SAY_WHO);
    }
    const [, encoded] = /^basic\s+([a-z0-9+/=]+)\s*$/i.exec(header) ?? [];
    if (encoded === undefined) return challenge(MUST_SAY_WHO);
    const text = Buffer.from(encoded, "base64").toString();
    const colon = text.indexOf(":");
    const user = await this.check(visit, colon < 0 ? text : text.slice(0, colon), colon < 0 ? "" : text.slice(colon + 1));
    return user instanceof Response && user.status === 401 ? challenge(WRONG) : user;
  }

  private entrant({ request, url, server }: Visit): Entrant | null {
    const name = `${cookieName(url, server.port ?? 0)}=`;
    const found = (request.headers.get("cookie") ?? "").split(/;\s*/).find((one) => one.startsWith(name));
    return found === undefined ? null : this.entrants.find(found.slice(name.length));
  }

  /** The user, if name and password are right. Who is wrong waits, and is noted in ACL LOG. */
  private async check({ address, port }: Visit, name: string, password: string): Promise<User | Response> {
    const user = this.entrants.userOf(name === "" ? "default" : name, password);
    if (user !== null) return user;
    const { access, keyspace, config } = this.parts;
    const client = `addr=${address}:${port} lib-name=replicant-console`;
    const entry = { reason: Denied.AUTH, context: "toplevel", object: "console", userName: name, client } as const;
    access.log.add(entry, keyspace.tick(), config.values["acllog-max-len"]);
    if (this.guesses >= MOST_GUESSES) return refusal(429, "Too many have entered a wrong password just now; try again.");
    this.guesses++;
    await Bun.sleep(WRONG_MS);
    this.guesses--;
    return refusal(401, WRONG);
  }

  private answer(user: User | null): Response {
    return Response.json({ user: user?.name ?? null, open: this.entrants.stranger !== null });
  }
}

async function credentialsOf(request: Request): Promise<{ user: string; password: string } | "stranger" | null> {
  try {
    const body: unknown = await request.json();
    if (typeof body !== "object" || body === null) return null;
    const { user, password } = body as Record<string, unknown>;
    if (user === undefined && password === undefined) return "stranger";
    return typeof user === "string" && typeof password === "string" ? { user, password } : null;
  } catch {
    return null;
  }
}

/** Browsers do not keep the cookies of ports apart: the name does. */
function cookieName(url: URL, port: number): string {
  return `${url.protocol === "https:" ? "__Host-" : ""}replicant-${port}`;
}

function cookie({ url, server }: Visit, token: string): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  return `${cookieName(url, server.port ?? 0)}=${token}; Path=/; HttpOnly; SameSite=Strict${secure}`;
}

function challenge(text: string): Response {
  const response = refusal(401, text);
  response.headers.set("www-authenticate", 'Basic realm="Replicant", charset="UTF-8"');
  return response;
}
