export { type BlockOptions, Call as Context, type Words } from "./call.ts";
