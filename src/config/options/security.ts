/** The directives of access: passwords, access lists, guarded commands, TLS. */

import { defaultOnly, directive, FIXED, HIDDEN, ignored, SECRET, type Traits } from "../directive.ts";
import { bool, count, longCount, oneOf, optionalPath, optionalText, path, port } from "../kinds.ts";

const FILE: Traits = { volatile: true };

/** Who may do what: passwords, access lists, guarded commands, TLS. TLS is off while tls-port is 0. */
export const SECURITY = {
  requirepass: directive(optionalText(), "", "Password of the default user; empty for none", SECRET),
  aclfile: directive(path(), "", "File of users and their rights; none unless told", FIXED),
  "acllog-max-len": directive(longCount, "128", "How many denied commands and failed logins ACL LOG keeps"),
  "acl-pubsub-default": directive(oneOf(["allchannels", "resetchannels"]), "resetchannels", "Channels that a new user may use"),
  "enable-protected-configs": directive(oneOf(["no", "yes", "local"]), "no", "Who may change dir and dbfilename at run time", FIXED),
  "enable-debug-command": directive(oneOf(["no", "yes", "local"]), "no", "Who may use DEBUG", FIXED),
  // Shown when asked for by its name only: who sets every directive to what it is anyway would stumble over one that no Redis has.
  "enable-typescript-functions": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may load functions in TypeScript or JavaScript, which have the rights of the server",
    { ...FIXED, ...HIDDEN },
  ),
  "enable-module-command": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may try to load modules, of which there are none here",
    FIXED,
  ),
  "sanitize-dump-payload": ignored(oneOf(["no", "yes", "clients"]), "no", "loaded snapshots are always checked in depth"),

  "tls-port": directive(port, "0", "TCP port for TLS; 0 for none"),
  "tls-replication": directive(bool, "no", "Use TLS towards the master"),
  "tls-cluster": directive(bool, "no", "Use TLS towards the targets of MIGRATE"),
  "tls-auth-clients": directive(oneOf(["no", "yes", "optional"]), "yes", "Whether TLS clients must show a certificate"),
  "tls-cert-file": directive(optionalPath, "", "Certificate of the server (PEM)", FILE),
  "tls-key-file": directive(optionalPath, "", "Key of the server's certificate (PEM)", FILE),
  "tls-key-file-pass": directive(optionalText(), "", "Password of that key", SECRET),
  "tls-client-cert-file": directive(optionalPath, "", "Certificate for outgoing connections (PEM)", FILE),
  "tls-client-key-file": directive(optionalPath, "", "Key for outgoing connections (PEM)", FILE),
  "tls-client-key-file-pass": directive(optionalText(), "", "Password of that key", SECRET),
  "tls-dh-params-file": defaultOnly(optionalPath, "", "Diffie-Hellman parameters (PEM)", FILE),
  "tls-ca-cert-file": directive(optionalPath, "", "Certificates of trusted authorities (PEM)", FILE),
  "tls-ca-cert-dir": directive(optionalPath, "", "Directory of certificates of trusted authorities", FILE),
  "tls-protocols": directive(optionalText(), "", 'TLS versions to offer, such as "TLSv1.2 TLSv1.3"'),
  "tls-ciphers": directive(optionalText(), "", "Ciphers up to TLS 1.2, in OpenSSL's notation"),
  "tls-ciphersuites": defaultOnly(optionalText(), "", "Cipher suites of TLS 1.3"),
  "tls-prefer-server-ciphers": directive(bool, "no", "Choose ciphers in the server's order"),
  "tls-session-caching": directive(bool, "yes", "Let TLS clients resume sessions"),
  "tls-session-cache-size": ignored(count, "20480", "clients keep the sessions that they resume, as tickets"),
  "tls-session-cache-timeout": ignored(count, "300", "clients keep the sessions that they resume, as tickets"),
} as const;
