/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addEach, isWord, listOf, type AtMostOne, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { record } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { ClusterCommands } from "./cluster.ts";

const CLIENT_KILL_OPTIONS = knownOptions("CLIENT KILL", { id: true, type: true, user: true, addr: true, laddr: true, skipMe: true, maxAge: true });

export type ClientListOptions = {
  type?: "normal" | "master" | "replica" | "pubsub" | undefined;
  id?: OneOrMore<Integer> | undefined;
};

const CLIENT_LIST_OPTIONS = knownOptions("CLIENT LIST", { type: true, id: true });

export type ClientPauseOptions = AtMostOne<{ write?: boolean | undefined } | { all?: boolean | undefined }>;

const CLIENT_PAUSE_OPTIONS = knownOptions("CLIENT PAUSE", { write: true, all: true });

const CLIENT_SETINFO_ATTR_OPTIONS = knownOptions("CLIENT SETINFO: attr", { libName: true, libVer: true });

export type ClientTrackingOptions = {
  redirect?: Integer | undefined;
  prefix?: OneOrMore<Word> | undefined;
  bcast?: boolean | undefined;
  optIn?: boolean | undefined;
  optOut?: boolean | undefined;
  noLoop?: boolean | undefined;
};

const CLIENT_TRACKING_OPTIONS = knownOptions("CLIENT TRACKING", { redirect: true, prefix: true, bcast: true, optIn: true, optOut: true, noLoop: true });

export type ClientUnblockOptions = AtMostOne<{ timeout?: boolean | undefined } | { error?: boolean | undefined }>;

const CLIENT_UNBLOCK_OPTIONS = knownOptions("CLIENT UNBLOCK", { timeout: true, error: true });

/** Commands of the group "connection", and of those before it. */
export abstract class ConnectionCommands<M extends Mode> extends ClusterCommands<M> {
  /** Returns the name of the connection. Since 2.6.9. */
  clientGetname(): Answer<M, Text<M> | null> {
    if (arguments.length > 0) throw tooMany("CLIENT GETNAME", arguments.length, 0);
    return this.run(["CLIENT", "GETNAME"]);
  }

  /** Returns the id of the client that is told of changes in this connection's place. Since 6.0.0. */
  clientGetredir(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("CLIENT GETREDIR", arguments.length, 0);
    return this.run(["CLIENT", "GETREDIR"]);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  clientHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("CLIENT HELP", arguments.length, 0);
    return this.run(["CLIENT", "HELP"]);
  }

  /** Returns the unique id of the connection. Since 5.0.0. */
  clientId(): Answer<M, number> {
    if (arguments.length > 0) throw tooMany("CLIENT ID", arguments.length, 0);
    return this.run(["CLIENT", "ID"]);
  }

  /** Returns information about the connection. Since 6.2.0. */
  clientInfo(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("CLIENT INFO", arguments.length, 0);
    return this.run(["CLIENT", "INFO"]);
  }

  /** Closes connections, chosen by address or by filters. Since 2.4.0. */
  clientKill(filter: OneOrMore<OneOf<{ id: Integer } | { type: "normal" | "master" | "slave" | "replica" | "pubsub" } | { user: Word } | { addr: Word } | { laddr: Word } | { skipMe: "YES" | "NO" } | { maxAge: Integer }>>): Answer<M, number>;
  clientKill(filter: Word): Answer<M, "OK">;
  clientKill(filter: Word | OneOrMore<OneOf<{ id: Integer } | { type: "normal" | "master" | "slave" | "replica" | "pubsub" } | { user: Word } | { addr: Word } | { laddr: Word } | { skipMe: "YES" | "NO" } | { maxAge: Integer }>>): Answer<M, "OK" | number>;
  clientKill(filter: Word | OneOrMore<OneOf<{ id: Integer } | { type: "normal" | "master" | "slave" | "replica" | "pubsub" } | { user: Word } | { addr: Word } | { laddr: Word } | { skipMe: "YES" | "NO" } | { maxAge: Integer }>>): Answer<M, unknown> {
    if (arguments.length > 1) throw tooMany("CLIENT KILL", arguments.length, 1);
    const words: Word[] = ["CLIENT", "KILL"];
    if (isWord(filter)) words.push(filter);
    else {
      for (const item of listOf(filter)) {
        requireKnown(item, CLIENT_KILL_OPTIONS);
        if (item.id !== undefined) words.push("ID", item.id);
        if (item.type !== undefined) words.push("TYPE", item.type);
        if (item.user !== undefined) words.push("USER", item.user);
        if (item.addr !== undefined) words.push("ADDR", item.addr);
        if (item.laddr !== undefined) words.push("LADDR", item.laddr);
        if (item.skipMe !== undefined) words.push("SKIPME", item.skipMe);
        if (item.maxAge !== undefined) words.push("MAXAGE", item.maxAge);
      }
    }
    return this.run(words);
  }

  /** Lists the open connections. Since 2.4.0. */
  clientList(options?: ClientListOptions): Answer<M, string> {
    if (arguments.length > 1) throw tooMany("CLIENT LIST", arguments.length, 1);
    const words: Word[] = ["CLIENT", "LIST"];
    if (options !== undefined) {
      requireKnown(options, CLIENT_LIST_OPTIONS);
      if (options.type !== undefined) words.push("TYPE", options.type);
      if (options.id !== undefined) {
        words.push("ID");
        addAll(words, options.id);
      }
    }
    return this.run(words);
  }

  /** Exempts the connection from client eviction, or ends that. Since 7.0.0. */
  clientNoEvict(enabled: "ON" | "OFF"): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLIENT NO-EVICT", arguments.length, 1);
    return this.run(["CLIENT", "NO-EVICT", enabled]);
  }

  /** Controls whether the connection's commands affect the LRU and LFU of the keys they access. Since 7.2.0. */
  clientNoTouch(enabled: "ON" | "OFF"): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLIENT NO-TOUCH", arguments.length, 1);
    return this.run(["CLIENT", "NO-TOUCH", enabled]);
  }

  /** Has the commands of clients wait for a time. Since 3.0.0. */
  clientPause(timeout: Integer, options?: ClientPauseOptions): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("CLIENT PAUSE", arguments.length, 2);
    const words: Word[] = ["CLIENT", "PAUSE", timeout];
    if (options !== undefined) {
      requireKnown(options, CLIENT_PAUSE_OPTIONS);
      if (options.write) words.push("WRITE");
      if (options.all) words.push("ALL");
    }
    return this.run(words);
  }

  /** Sets information about the client's library. Since 7.2.0. */
  clientSetinfo(attr: OneOf<{ libName: Word } | { libVer: Word }>): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLIENT SETINFO", arguments.length, 1);
    const words: Word[] = ["CLIENT", "SETINFO"];
    requireKnown(attr, CLIENT_SETINFO_ATTR_OPTIONS);
    if (attr.libName !== undefined) words.push("lib-name", attr.libName);
    if (attr.libVer !== undefined) words.push("lib-ver", attr.libVer);
    return this.run(words);
  }

  /** Sets the name of the connection. Since 2.6.9. */
  clientSetname(connectionName: Word): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLIENT SETNAME", arguments.length, 1);
    return this.run(["CLIENT", "SETNAME", connectionName]);
  }

  /** Controls whether the server tells the connection of changes to keys that it has read. Since 6.0.0. */
  clientTracking(status: "ON" | "OFF", options?: ClientTrackingOptions): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("CLIENT TRACKING", arguments.length, 2);
    const words: Word[] = ["CLIENT", "TRACKING", status];
    if (options !== undefined) {
      requireKnown(options, CLIENT_TRACKING_OPTIONS);
      if (options.redirect !== undefined) words.push("REDIRECT", options.redirect);
      if (options.prefix !== undefined) addEach(words, "PREFIX", options.prefix);
      if (options.bcast) words.push("BCAST");
      if (options.optIn) words.push("OPTIN");
      if (options.optOut) words.push("OPTOUT");
      if (options.noLoop) words.push("NOLOOP");
    }
    return this.run(words);
  }

  /** Returns how the connection tracks keys. Since 6.2.0. */
  clientTrackinginfo(): Answer<M, { flags: Set<(Text<M> extends string ? "off" | "on" | "bcast" | "optin" | "optout" | "caching-yes" | "caching-no" | "noloop" | "broken_redirect" : Text<M>)>; redirect: number; prefixes: Text<M>[] }> {
    if (arguments.length > 0) throw tooMany("CLIENT TRACKINGINFO", arguments.length, 0);
    return this.run(["CLIENT", "TRACKINGINFO"], record({}));
  }

  /** Unblocks a client that waits in a blocking command of another connection. Since 5.0.0. */
  clientUnblock(clientId: Integer, options?: ClientUnblockOptions): Answer<M, 0 | 1> {
    if (arguments.length > 2) throw tooMany("CLIENT UNBLOCK", arguments.length, 2);
    const words: Word[] = ["CLIENT", "UNBLOCK", clientId];
    if (options !== undefined) {
      requireKnown(options, CLIENT_UNBLOCK_OPTIONS);
      if (options.timeout) words.push("TIMEOUT");
      if (options.error) words.push("ERROR");
    }
    return this.run(words);
  }

  /** Has the commands of clients go on that a pause made wait. Since 6.2.0. */
  clientUnpause(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("CLIENT UNPAUSE", arguments.length, 0);
    return this.run(["CLIENT", "UNPAUSE"]);
  }

  /** Returns the given string. Since 1.0.0. */
  echo(message: Word): Answer<M, Text<M>> {
    if (arguments.length > 1) throw tooMany("ECHO", arguments.length, 1);
    return this.run(["ECHO", message]);
  }

  /** Returns PONG, or the given message. Since 1.0.0. */
  ping(): Answer<M, "PONG">;
  ping(message: Word): Answer<M, Text<M>>;
  ping(message?: Word): Answer<M, "PONG" | Text<M>>;
  ping(message?: Word): Answer<M, unknown> {
    if (arguments.length > 1) throw tooMany("PING", arguments.length, 1);
    const words: Word[] = ["PING"];
    if (message !== undefined) words.push(message);
    return this.run(words);
  }
}
