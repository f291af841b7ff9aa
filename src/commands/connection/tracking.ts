/** CLIENT TRACKING and its kin: client-side caching (session/tracking.ts). */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { TrackingOptions, TrackingState } from "../../session/tracking-state.ts";
import { choice } from "../arguments/numbers.ts";

const command = commandsOf("connection");

interface Wanted {
  readonly options: TrackingOptions;
  readonly prefixes: readonly string[];
}

/** Errors: syntax, two redirections, no such client. */
function trackingOptions(call: Call): Wanted {
  const prefixes: string[] = [];
  let redirect = 0;
  const words = new Set<string>();
  for (let index = 3; index < call.count; index++) {
    const word = call.text(index).toLowerCase();
    const hasMore = index + 1 < call.count;
    if (word === "redirect" && hasMore) {
      if (redirect !== 0) throw commandError("ERR A client can only redirect to a single other client");
      redirect = Number(call.int64(++index));
      if (call.server.clients.get(redirect) === undefined) throw commandError("ERR The client ID you want redirect to does not exist");
    } else if (word === "prefix" && hasMore) prefixes.push(call.text(++index));
    else if (["bcast", "optin", "optout", "noloop"].includes(word)) words.add(word);
    else throw errors.syntax;
  }
  const [broadcast, optIn, optOut, noLoop] = ["bcast", "optin", "optout", "noloop"].map((word) => words.has(word)) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  return { options: { redirect, broadcast, optIn, optOut, noLoop }, prefixes };
}

const OTHER_MODE = "before disabling tracking for this client, and then re-enabling it with a different mode.";

/** Errors: options that do not go together, or not with those the client has. */
function checkOptions({ options, prefixes }: Wanted, before: TrackingState | null): void {
  const { broadcast, optIn, optOut } = options;
  if (!broadcast && prefixes.length > 0) throw commandError("ERR PREFIX option requires BCAST mode to be enabled");
  if (before !== null && before.broadcast !== broadcast) throw commandError(`ERR You can't switch BCAST mode on/off ${OTHER_MODE}`);
  if (broadcast && (optIn || optOut)) throw commandError("ERR OPTIN and OPTOUT are not compatible with BCAST");
  if (optIn && optOut) throw commandError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if (before !== null && ((optIn && before.optOut) || (optOut && before.optIn)))
    throw commandError(`ERR You can't switch OPTIN/OPTOUT mode ${OTHER_MODE}`);
  if (broadcast) checkPrefixes(prefixes, before?.prefixes ?? new Set());
}

/** Errors: two prefixes of which one begins with the other. */
function checkPrefixes(prefixes: readonly string[], existing: ReadonlySet<string>): void {
  const overlap = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);
  const consequence = "Prefixes for a single client must not overlap.";
  prefixes.forEach((prefix, index) => {
    const known = [...existing].sort().find((other) => overlap(prefix, other));
    if (known !== undefined) throw commandError(`ERR Prefix '${prefix}' overlaps with an existing prefix '${known}'. ${consequence}`);
    const provided = prefixes.slice(index + 1).find((other) => overlap(prefix, other));
    if (provided !== undefined)
      throw commandError(`ERR Prefix '${prefix}' overlaps with another provided prefix '${provided}'. ${consequence}`);
  });
}

export const tracking = command("client|tracking", { arity: -3, since: "6.0.0", flags: "noscript loading stale" })
  .takes(`status(ON | OFF) [REDIRECT client-id] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`)
  .answers("OK")
  .docs("Controls whether the server tells the connection of changes to keys that it has read.", "O(1)")
  .run((call) => {
    const wanted = trackingOptions(call);
    const isOn = choice(call, 2, { on: true, off: false });
    const { session, server } = call;
    if (isOn) {
      checkOptions(wanted, session.tracking);
      server.tracking.enable(session, wanted.options, wanted.prefixes);
    } else server.tracking.disable(session);
    call.reply.ok();
  });

/** Errors: the client does not track keys, or not in a mode that the word belongs to. */
export const caching = command("client|caching", { arity: 3, since: "6.0.0", flags: "noscript loading stale" })
  .takes("mode(YES | NO)")
  .answers("OK")
  .docs("Says whether the keys of the connection's next command are tracked.", "O(1)")
  .run((call) => {
    const state = call.session.tracking;
    if (state === null) {
      throw commandError("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
    }
    const isYes = choice(call, 2, { yes: true, no: false });
    if (isYes && !state.optIn) throw commandError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    if (!isYes && !state.optOut) throw commandError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    state.cachingGiven = true;
    call.reply.ok();
  });

export const getredir = command("client|getredir", { arity: 2, since: "6.0.0", flags: "noscript loading stale" })
  .answers("-1 | count")
  .docs("Returns the id of the client that is told of changes in this connection's place.", "O(1)")
  .run((call) => call.reply.integer(call.session.tracking?.redirect ?? -1));

export const trackinginfo = command("client|trackinginfo", { arity: 2, since: "6.2.0", flags: "noscript loading stale" })
  .answers(`{flags: set<'off' | 'on' | 'bcast' | 'optin' | 'optout' | 'caching-yes' | 'caching-no' | 'noloop' | 'broken_redirect'>,
      redirect: -1 | count, prefixes: string[]}`)
  .docs("Returns how the connection tracks keys.", "O(1)")
  .run(({ reply, session: { tracking: state } }) => {
    reply.map(3);
    reply.bulk("flags");
    const flags = state === null ? ["off"] : flagsOf(state);
    reply.set(flags.length);
    for (const flag of flags) reply.bulk(flag);
    reply.field("redirect", state?.redirect ?? -1);
    reply.bulk("prefixes");
    reply.bulks([...(state?.prefixes ?? [])].sort());
  });

function flagsOf(state: TrackingState): string[] {
  const flags = ["on"];
  if (state.broadcast) flags.push("bcast");
  if (state.optIn) flags.push("optin");
  if (state.optIn && state.cachingGiven) flags.push("caching-yes");
  if (state.optOut) flags.push("optout");
  if (state.optOut && state.cachingGiven) flags.push("caching-no");
  if (state.noLoop) flags.push("noloop");
  if (state.redirectBroken) flags.push("broken_redirect");
  return flags;
}
