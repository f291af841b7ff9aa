/** What a tool could not do, in words for people: it ends with the code for that. */
export class ToolError extends Error {
  override name = "ToolError";
}
