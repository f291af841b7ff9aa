/** What stands around every view: the bar, the menu, the keys that lead from one to another. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "./components/dialog.tsx";
import { Notice } from "./components/notice.tsx";
import { Toasts } from "./components/toast.tsx";
import { addressOf, go, viewId } from "./route.ts";
import { isOpen, leave, phase, user } from "./session.ts";
import { THEMES, type Theme, theme } from "./theme.ts";
import { VIEWS } from "./views/index.ts";

/** "g" and a letter lead to a view within this time. */
const SECOND_KEY_MS = 1500;

export function Shell() {
  const isHelpOpen = useSignal(false);
  const main = useRef<HTMLElement>(null);
  const view = VIEWS.find(({ id }) => id === viewId.value) ?? VIEWS[0];
  useEffect(() => {
    document.title = `${view?.title ?? ""} · Replicant`;
    scrollTo(0, 0);
    // On a narrow page the menu is one line, which may be longer than the page.
    document.querySelector(".views [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [view]);
  useEffect(() => followKeys(() => (isHelpOpen.value = true)), []);
  const Component = view?.component ?? (() => null);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the view
      </button>
      <Bar openHelp={() => (isHelpOpen.value = true)} />
      <nav class="rail" aria-label="Views">
        <ul class="views">
          {VIEWS.map(({ id, title, key }) => (
            <li key={id}>
              <a href={addressOf(id)} aria-current={id === view?.id ? "page" : undefined}>
                {title}
                <span class="key" aria-hidden="true">
                  g {key}
                </span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main class="main" id="main" tabIndex={-1} ref={main}>
        {phase.value === "lost" ? <Notice kind="error">The server does not answer. Trying again …</Notice> : null}
        <Component key={view?.id} />
      </main>
      <Toasts />
      {isHelpOpen.value ? <Help close={() => (isHelpOpen.value = false)} /> : null}
    </div>
  );
}

function Bar({ openHelp }: { readonly openHelp: () => void }) {
  return (
    <header class="bar">
      <a class="brand" href={addressOf("")}>
        Replicant
      </a>
      <span class="where soft">
        {user.value} at {location.host}
      </span>
      <span class="spacer" />
      <button type="button" class="button quiet" onClick={openHelp} aria-label="Keys of the keyboard">
        ?
      </button>
      <label>
        <span class="visually-hidden">Colors</span>
        <select value={theme.value} onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}>
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {isOpen.value ? null : (
        <button type="button" class="button" onClick={() => void leave()}>
          Leave
        </button>
      )}
    </header>
  );
}

function Help({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <table>
        <tbody>
          {VIEWS.map(({ id, title, key }) => (
            <tr key={id}>
              <td>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </td>
              <td>{title}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>/</kbd>
            </td>
            <td>The view's search</td>
          </tr>
          <tr>
            <td>
              <kbd>?</kbd>
            </td>
            <td>These keys</td>
          </tr>
        </tbody>
      </table>
      <button type="button" class="button primary" onClick={close}>
        Close
      </button>
    </Dialog>
  );
}

/** "g" and a letter, "/" and "?", while nothing is typed elsewhere. Returns what ends it. */
function followKeys(openHelp: () => void): () => void {
  let since = 0;
  const pressed = (event: KeyboardEvent): void => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    const isTyping = target instanceof HTMLElement && (target.isContentEditable || /^(?:input|select|textarea)$/i.test(target.tagName));
    if (isTyping || ctrlKey || metaKey || altKey || document.querySelector("dialog[open]") !== null) return;
    const found = performance.now() - since < SECOND_KEY_MS ? VIEWS.find((view) => view.key === key) : undefined;
    since = key === "g" && found === undefined ? performance.now() : 0;
    if (found !== undefined) go(found.id);
    else if (key === "?") openHelp();
    else if (key === "/") document.querySelector<HTMLElement>("main input[type=search]")?.focus();
    else return;
    event.preventDefault();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}
