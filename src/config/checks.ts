/** What single string directives demand of their values, beyond being strings. Each check answers null or the reason in Redis's words. */

import type { Check } from "./kinds.ts";

/** The check of a directive that names a file or directory (`noun`): a bare name, or CONFIG SET could write anywhere. */
export function bareName(directive: string, noun: "filename" | "dirname", { mayBeEmpty = false } = {}): Check {
  return (name) => {
    if (name === "" && !mayBeEmpty) return `${directive} can't be empty`;
    return /[/\\]/.test(name) ? `${directive} can't be a path, just a ${noun}` : null;
  };
}

const MAX_HOST_NAME = 256;

/** `cluster-announce-hostname`. */
export function checkHostName(name: string): string | null {
  if (name.length >= MAX_HOST_NAME) return `Hostnames must be less than ${MAX_HOST_NAME} characters`;
  return /^[A-Za-z0-9.-]*$/.test(name) ? null : "Hostnames may only contain alphanumeric characters, hyphens or dots";
}

/** `cluster-announce-human-nodename`: nothing that would break a line of nodes.conf. */
export function checkNodeName(name: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(name) ? "Announced human node name contained invalid character" : null;
}

/** What a process title may be made of; each stands in the template as `{name}`. */
export type TitleVariable = "title" | "listen-addr" | "server-mode" | "config-file" | "port" | "tls-port" | "unixsocket";

/** What the variables hold while a template is checked: those that can be empty are. */
const SAMPLE: Readonly<Record<TitleVariable, string>> = {
  title: "",
  "listen-addr": "*:6379",
  "server-mode": "",
  "config-file": "-",
  port: "6379",
  "tls-port": "0",
  unixsocket: "/",
};

/** `proc-title-template`: known variables only, and never an empty title. */
export function checkTitleTemplate(template: string): string | null {
  const title = expandTitle(template, SAMPLE);
  return title === null || title === "" ? "template format is invalid or contains unknown variables" : null;
}

/** Returns `template` with its variables filled in and outer spaces cut, or null when one is unknown or not closed; `{{` is a brace. */
export function expandTitle(template: string, variables: Readonly<Record<TitleVariable, string>>): string | null {
  let sound = true;
  const title = template.replace(/\{\{|\{([^}]*)(\}?)/g, (found, name: string | undefined, close: string) => {
    if (name === undefined) return "{";
    sound &&= close !== "" && Object.hasOwn(variables, name);
    return sound ? variables[name as TitleVariable] : found;
  });
  return sound ? title.replace(/^ +| +$/g, "") : null;
}
