export { Rate, ServerStats } from "../session/stats.ts";
