/** A text that may be longer than its place: it scrolls, by the keyboard too. */

import type { ComponentChildren } from "preact";

interface BlockProps {
  readonly label: string;
  /** Lines are as long as they are, and not broken. */
  readonly isRaw?: boolean;
  readonly children: ComponentChildren;
}

export function Block({ label, isRaw = false, children }: BlockProps) {
  return (
    <section class={isRaw ? "block raw" : "block"} aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard, and not all browsers do that by themselves */}
      <pre tabIndex={0}>{children}</pre>
    </section>
  );
}
