/** The way in: a user of the server and a password. */

import { useSignal } from "@preact/signals";
import { Notice } from "./components/notice.tsx";
import { enter } from "./session.ts";

export function Enter() {
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    try {
      await enter(String(form.get("user") ?? ""), String(form.get("password") ?? ""));
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="enter">
      <form onSubmit={submit} aria-labelledby="enter-title">
        <h1 id="enter-title">Replicant</h1>
        {problem.value === null ? null : <Notice kind="error">{problem.value}</Notice>}
        <label class="field">
          <span>User</span>
          <input name="user" autocomplete="username" defaultValue="default" required />
        </label>
        <label class="field">
          <span>Password</span>
          <input name="password" type="password" autocomplete="current-password" autofocus />
        </label>
        <button type="submit" class="button primary" disabled={isBusy.value}>
          Enter
        </button>
      </form>
    </main>
  );
}
