/** What answers at the console's port: who may ask at all, and which part of the console it is for. */

import type { Server as HttpServer } from "bun";
import type { ServerParts } from "../execution/server-parts.ts";
import { healthResponse, Metrics, readyResponse } from "../metrics/metrics.ts";
import { isLocalAddress } from "../session/session.ts";
import type { ClientAcceptor } from "../transport/acceptor.ts";
import { pageAnswer } from "./assets.ts";
import type { BrowserSocket } from "./browser-socket.ts";
import { Downloads, FILES_PATH } from "./downloads.ts";
import { Entrances } from "./entrances.ts";
import { mayBeAskedAs, sameOrigin } from "./names.ts";
import { refusal, withHeaders } from "./responses.ts";
import type { Visit } from "./visit.ts";

/** Undefined: it became a WebSocket. */
type Answer = Response | undefined | Promise<Response | undefined>;

type Handler = (visit: Visit) => Answer;

/** By method. */
type Route = Readonly<Partial<Record<"GET" | "POST" | "DELETE", Handler>>>;

export class Door {
  private readonly parts: ServerParts;
  private readonly routes: ReadonlyMap<string, Route>;
  private readonly metrics: Metrics;

  constructor(parts: ServerParts, acceptor: ClientAcceptor) {
    this.parts = parts;
    const entrances = new Entrances(parts, acceptor);
    this.metrics = new Metrics(parts);
    const downloads = new Downloads(parts, entrances);
    this.routes = new Map<string, Route>([
      [
        "/session",
        { GET: (visit) => entrances.tell(visit), POST: (visit) => entrances.enter(visit), DELETE: (visit) => entrances.leave(visit) },
      ],
      ["/socket", { GET: (visit) => entrances.connect(visit) }],
      ["/metrics", { GET: (visit) => this.tellFigures(visit, entrances) }],
      // For those who ask whether to send requests here, and have no password.
      ["/healthz", { GET: (visit) => healthResponse(acceptOf(visit)) }],
      ["/readyz", { GET: (visit) => readyResponse(parts, acceptOf(visit)) }],
      ["/files", { GET: (visit) => downloads.list(visit) }],
      [FILES_PATH, { GET: (visit) => downloads.file(visit) }],
      ["/snapshot", { GET: (visit) => downloads.snapshot(visit) }],
    ]);
  }

  /** Answers a request. Never throws. */
  async answer(request: Request, server: HttpServer<BrowserSocket>): Promise<Response | undefined> {
    const { address = "", port = 0 } = server.requestIP(request) ?? {};
    // What is no URL has a Host header that names nothing, or none at all.
    if (!URL.canParse(request.url)) return withHeaders(refusal(400, "The Host header does not name the console."));
    const visit: Visit = { request, url: new URL(request.url), server, address, port };
    const response = this.refuse(visit) ?? (await this.route(visit));
    return response === undefined ? undefined : withHeaders(response);
  }

  /** What is told to those who may not ask at all. */
  private refuse({ request, address }: Visit): Response | null {
    const { config, access } = this.parts;
    const { values } = config;
    const host = request.headers.get("host") ?? "";
    // A name of its own may lead to this machine from any page of the web (DNS rebinding).
    if (!mayBeAskedAs(host, values["console-hosts"])) {
      return refusal(
        421,
        `The console does not answer to the name ${JSON.stringify(host)}. Names that it may be reached by are those in console-hosts.`,
      );
    }
    if (values["protected-mode"] && access.users.default.noPassword && !isLocalAddress(address)) {
      return refusal(
        403,
        `The server is in protected mode: while the default user has no password, the console answers to this machine only, and not to ${address}.`,
      );
    }
    const changes = request.method !== "GET" && request.method !== "HEAD";
    if ((changes || request.headers.has("upgrade")) && !sameOrigin(request)) {
      return refusal(403, "Another site's page may not do that.");
    }
    return null;
  }

  private async tellFigures(visit: Visit, entrances: Entrances): Promise<Response> {
    const user = await entrances.visitor(visit);
    return user instanceof Response ? user : this.metrics.respond(visit.url.searchParams, acceptOf(visit), user);
  }

  private route(visit: Visit): Answer {
    const { method } = visit.request;
    const { pathname } = visit.url;
    const route = this.routes.get(pathname.startsWith(FILES_PATH) ? FILES_PATH : pathname);
    if (route === undefined) return method === "GET" || method === "HEAD" ? pageAnswer(visit.request, pathname) : notThere();
    const handler = route[(method === "HEAD" ? "GET" : method) as keyof Route];
    if (handler !== undefined) return handler(visit);
    const response = refusal(405, `${method} is not possible here.`);
    response.headers.set("allow", Object.keys(route).join(", "));
    return response;
  }
}

function acceptOf({ request }: Visit): string {
  return request.headers.get("accept") ?? "";
}

function notThere(): Response {
  return refusal(404, "There is nothing here.");
}
