/** A reply as a tree: lists fold, bytes can be read, errors stand out. */

import { useSignal } from "@preact/signals";
import { count } from "../../format.ts";
import { type Push, type Reply, ReplyError } from "../../resp.ts";
import { itemsOf, nameOfList, plainText, quotedBytes } from "./reply-text.ts";

/** What is shown of a list, and of a string, at first. */
const FIRST_ITEMS = 100;
const FIRST_BYTES = 2000;
/** Lists below this depth, and longer ones, begin folded. */
const OPEN_DEPTH = 4;
const OPEN_ITEMS = 200;

interface TreeProps {
  readonly reply: Reply | Push;
  readonly depth?: number;
}

export function ReplyTree({ reply, depth = 0 }: TreeProps) {
  const items = itemsOf(reply);
  if (items !== null) return <List reply={reply} items={items} depth={depth} />;
  return <Leaf reply={reply as Reply} />;
}

function List({ reply, items, depth }: TreeProps & { readonly items: NonNullable<ReturnType<typeof itemsOf>>; readonly depth: number }) {
  const shown = useSignal(FIRST_ITEMS);
  const isOpen = useSignal(depth < OPEN_DEPTH && items.length <= OPEN_ITEMS);
  const name = `${nameOfList(reply)} of ${count(items.length)}`;
  if (items.length === 0) return <span class="soft">empty {nameOfList(reply)}</span>;
  const rest = items.length - shown.value;
  return (
    <details class="reply-list" open={isOpen.value} onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>{name}</summary>
      {isOpen.value ? (
        <ol class="reply-items">
          {items.slice(0, shown.value).map(({ mark, key, item }) => (
            <li key={mark}>
              <span class="soft mark">{mark}</span>
              <div class="reply-item">
                {key === undefined ? null : (
                  <>
                    <ReplyTree reply={key} depth={depth + 1} />
                    <span class="soft" role="img" aria-label="is">
                      ⇒
                    </span>
                  </>
                )}
                <ReplyTree reply={item} depth={depth + 1} />
              </div>
            </li>
          ))}
          {rest > 0 ? (
            <li>
              <button type="button" class="button quiet" onClick={() => (shown.value += FIRST_ITEMS * 10)}>
                Show more ({count(rest)})
              </button>
            </li>
          ) : null}
        </ol>
      ) : null}
    </details>
  );
}

function Leaf({ reply }: { readonly reply: Reply }) {
  const isWhole = useSignal(false);
  if (reply instanceof ReplyError) {
    return (
      <span class="reply-error">
        <span class="badge bad">error</span> {reply.message}
      </span>
    );
  }
  if (reply instanceof Uint8Array) {
    const isCut = !isWhole.value && reply.length > FIRST_BYTES;
    return (
      <span class="reply-bytes">
        {quotedBytes(isCut ? reply.subarray(0, FIRST_BYTES) : reply)}
        {isCut ? (
          <button type="button" class="button quiet" onClick={() => (isWhole.value = true)}>
            Show all {count(reply.length)} bytes
          </button>
        ) : null}
      </span>
    );
  }
  if (typeof reply === "string" && reply.includes("\n")) return <pre>{reply}</pre>;
  const kind = reply === null ? "soft" : typeof reply === "string" ? "reply-status" : "reply-number";
  return <span class={kind}>{plainText(reply)}</span>;
}
