/** `import { Replicant } from "replicant"` where there is no Bun. The types are those of src/index.ts. */

export { LinkError, ReplyError } from "../client/errors.ts";
export { Replicant } from "./replicant.ts";
