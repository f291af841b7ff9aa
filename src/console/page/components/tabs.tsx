/** Several panels, one of which is shown. */

import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

interface Tab {
  readonly id: string;
  readonly title: string;
}

interface TabsProps {
  /** What they are, for those who cannot see them. */
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly shown: string;
  readonly show: (id: string) => void;
  /** The panel. */
  readonly children: ComponentChildren;
}

/** Arrows, Home and End lead from tab to tab. */
export function Tabs({ label, tabs, shown, show, children }: TabsProps) {
  const panelId = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const at = tabs.findIndex(({ id }) => id === shown);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = (next + tabs.length) % tabs.length;
    show(tabs[index]?.id ?? shown);
    list.current?.querySelectorAll("button")[index]?.focus();
  };
  return (
    <div class="stack">
      <div class="tabs" role="tablist" aria-label={label} ref={list}>
        {tabs.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            aria-selected={id === shown}
            aria-controls={panelId}
            tabIndex={id === shown ? 0 : -1}
            onClick={() => show(id)}
            onKeyDown={move}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={panelId} class="stack">
        {children}
      </div>
    </div>
  );
}
