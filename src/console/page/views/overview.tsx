/** How the server does. */

import { Failure } from "../components/notice.tsx";
import { usePoll } from "../poll.ts";
import { call } from "../session.ts";
import type { View } from "./view.ts";

function Overview() {
  const info = usePoll(async () => String(await call("INFO", "server")), 1000);
  return (
    <>
      <h1>Overview</h1>
      {info.error.value === null ? null : <Failure text={info.error.value} retry={info.refresh} />}
      <pre class="panel">{info.data.value}</pre>
    </>
  );
}

export const OVERVIEW: View = { id: "overview", title: "Overview", key: "o", component: Overview };
