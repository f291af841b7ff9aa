/** Who has entered, and the connection that the views share. */

import { signal } from "@preact/signals";
import { Link, LinkError } from "./link.ts";
import { type Reply, ReplyError, type Word } from "./resp.ts";

/** `lost`: it was there, and is tried again. */
type Phase = "starting" | "outside" | "inside" | "lost";

export const phase = signal<Phase>("starting");
/** The name of the user. */
export const user = signal("");
/** Whether the server lets in whoever comes. */
export const isOpen = signal(false);

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

let link: Promise<Link> | null = null;

interface Entrance {
  readonly user: string | null;
  readonly open: boolean;
}

async function ask(method: "GET" | "POST" | "DELETE", body?: object): Promise<Entrance> {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch("/session", { method, ...init });
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json() as Promise<Entrance>;
}

/** Finds out whether the cookie still stands for someone; enters where no password is needed. */
export async function begin(): Promise<void> {
  try {
    let entrance = await ask("GET");
    if (entrance.user === null && entrance.open && phase.value === "starting") entrance = await ask("POST", {});
    isOpen.value = entrance.open;
    if (entrance.user === null) {
      phase.value = "outside";
      return;
    }
    user.value = entrance.user;
    await connect();
  } catch {
    lost();
  }
}

/** Enters by name and password. Errors: Error, with what the server says. */
export async function enter(name: string, password: string): Promise<void> {
  const entrance = await ask("POST", { user: name, password });
  user.value = entrance.user ?? "";
  await connect();
}

/** Leaves, and forgets the cookie. */
export async function leave(): Promise<void> {
  phase.value = "outside";
  const former = link;
  link = null;
  await ask("DELETE").catch(() => {});
  (await former?.catch(() => null))?.close();
}

async function connect(): Promise<void> {
  const opening = Link.open();
  link = opening;
  const opened = await opening;
  opened.onClose = () => {
    if (link === opening) lost();
  };
  phase.value = "inside";
}

/** Tries again until the server is back, or does not know the cookie any more. */
function lost(): void {
  if (phase.value === "outside") return;
  phase.value = "lost";
  link = null;
  void retry(FIRST_RETRY_MS);
}

async function retry(wait: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (phase.value !== "lost") return;
  try {
    const entrance = await ask("GET");
    isOpen.value = entrance.open;
    if (entrance.user === null && !entrance.open) {
      phase.value = "outside";
      return;
    }
    if (entrance.user === null) await ask("POST", {});
    await connect();
  } catch {
    void retry(Math.min(wait * 2, LAST_RETRY_MS));
  }
}

/** Asks the server over the connection that views share: only what answers at once and changes nothing of it. Errors: ReplyError, LinkError. */
export async function call(...words: readonly Word[]): Promise<Reply> {
  if (link === null) throw new LinkError("The server is not connected.");
  return (await link).call(...words);
}

/** Likewise; strings of the reply are bytes. */
export async function callForBytes(...words: readonly Word[]): Promise<Reply> {
  if (link === null) throw new LinkError("The server is not connected.");
  return (await link).callForBytes(...words);
}

/** A connection of one's own: for what blocks, listens, selects another database or watches keys. Close it. Errors: ReplyError, LinkError. */
export function openLink(): Promise<Link> {
  return Link.open();
}

/** What went wrong, in words for people. */
export function wordsOf(error: unknown): string {
  if (error instanceof ReplyError && error.code === "NOPERM") return `${user.value} may not do that: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
