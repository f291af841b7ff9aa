/** What is said in place of, or beside, what was asked for. */

import type { ComponentChildren } from "preact";

interface NoticeProps {
  readonly kind?: "info" | "warning" | "error";
  readonly children: ComponentChildren;
}

/** A line for people; errors are read out at once. */
export function Notice({ kind = "info", children }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** An error, and a way to try again. */
export function Failure({ text, retry }: { readonly text: string; readonly retry?: () => void }) {
  return (
    <Notice kind="error">
      <span>{text}</span>
      {retry === undefined ? null : (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </Notice>
  );
}

/** What stands where there is nothing to show. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
