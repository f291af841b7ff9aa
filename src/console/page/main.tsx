/** The page's first line: who comes is let in, and shown the view that the address names. */

import { render } from "preact";
import { Enter } from "./enter.tsx";
import { followFigures } from "./live/history.ts";
import { begin, phase } from "./session.ts";
import { Shell } from "./shell.tsx";

function Page() {
  return phase.value === "outside" ? <Enter /> : <Shell />;
}

followFigures();
// Until it is known who comes, the document shows what does not depend on it.
await begin();
const root = document.getElementById("root");
if (root !== null) {
  root.replaceChildren();
  render(<Page />, root);
}
