/** The page's first line: who comes is let in, and shown the view that the address names. */

import { render } from "preact";
import { Enter } from "./enter.tsx";
import { followFigures } from "./live/history.ts";
import { begin, phase } from "./session.ts";
import { Shell } from "./shell.tsx";

function Page() {
  if (phase.value === "starting") return null;
  return phase.value === "outside" ? <Enter /> : <Shell />;
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
void begin();
followFigures();
