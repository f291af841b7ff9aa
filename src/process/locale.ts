/** `locale-collate`: the order of strings that the server follows. */

import type { Collation } from "../base/collation.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import type { Log } from "../log.ts";

/** Errors: ConfigError for a locale that the machine does not have. */
export function followLocale(config: Config, collation: Collation, log: Log): void {
  const { values } = config;
  if (!collation.use(values["locale-collate"])) {
    const complaint = "Failed to configure LOCALE for invalid locale name.";
    // Redis ends here too where it is the environment that names one which is not installed: many do, and the order of bytes is as good.
    if (values["locale-collate"] !== "") throw new ConfigError(complaint);
    log.warning(complaint);
  }
  config.onChange("locale-collate", () => (collation.use(values["locale-collate"]) ? undefined : "Invalid locale name"));
}
