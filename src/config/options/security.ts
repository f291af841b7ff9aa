/** The directives of access: passwords, access lists, guarded commands, TLS. */

import { defaultOnly, directive, FIXED, ignored, SECRET, type Traits, unused } from "../directive.ts";
import { bool, count, longCount, oneOf, optionalPath, optionalText, path, port } from "../kinds.ts";

const FILE: Traits = { volatile: true };

/** Who may do what: passwords, access lists, guarded commands, TLS. TLS is off while tls-port is 0; what tunes it then waits unused. */
export const SECURITY = {
  requirepass: directive(optionalText(), "", "Password of the default user; empty for none", SECRET),
  aclfile: directive(path(), "", "File of users and their rights; none unless told", FIXED),
  "acllog-max-len": directive(longCount, "128", "How many denied commands and failed logins ACL LOG keeps"),
  "acl-pubsub-default": directive(oneOf(["allchannels", "resetchannels"]), "resetchannels", "Channels that a new user may use"),
  "enable-protected-configs": directive(oneOf(["no", "yes", "local"]), "no", "Who may change dir and dbfilename at run time", FIXED),
  "enable-debug-command": directive(oneOf(["no", "yes", "local"]), "no", "Who may use DEBUG", FIXED),
  "enable-typescript-functions": directive(
    oneOf(["no", "yes", "local"]),
    "no",
    "Who may load functions in TypeScript or JavaScript, which have the rights of the server",
    FIXED,
  ),
  "enable-module-command": ignored(oneOf(["no", "yes", "local"]), "no", "there are no modules here", FIXED),
  "sanitize-dump-payload": ignored(oneOf(["no", "yes", "clients"]), "no", "loaded snapshots are always checked in depth"),

  "tls-port": defaultOnly(port, "0", "TCP port for TLS; 0 for none"),
  "tls-replication": defaultOnly(bool, "no", "Use TLS towards the master"),
  "tls-cluster": unused(bool, "no", "Use TLS on the cluster bus"),
  "tls-auth-clients": unused(oneOf(["no", "yes", "optional"]), "yes", "Whether TLS clients must show a certificate"),
  "tls-cert-file": unused(optionalPath, "", "Certificate of the server (PEM)", FILE),
  "tls-key-file": unused(optionalPath, "", "Key of the server's certificate (PEM)", FILE),
  "tls-key-file-pass": unused(optionalText(), "", "Password of that key"),
  "tls-client-cert-file": unused(optionalPath, "", "Certificate for outgoing connections (PEM)", FILE),
  "tls-client-key-file": unused(optionalPath, "", "Key for outgoing connections (PEM)", FILE),
  "tls-client-key-file-pass": unused(optionalText(), "", "Password of that key"),
  "tls-dh-params-file": unused(optionalPath, "", "Diffie-Hellman parameters (PEM)", FILE),
  "tls-ca-cert-file": unused(optionalPath, "", "Certificates of trusted authorities (PEM)", FILE),
  "tls-ca-cert-dir": unused(optionalPath, "", "Directory of certificates of trusted authorities", FILE),
  "tls-protocols": unused(optionalText(), "", 'TLS versions to offer, such as "TLSv1.2 TLSv1.3"'),
  "tls-ciphers": unused(optionalText(), "", "Ciphers up to TLS 1.2, in OpenSSL's notation"),
  "tls-ciphersuites": unused(optionalText(), "", "Cipher suites of TLS 1.3"),
  "tls-prefer-server-ciphers": unused(bool, "no", "Choose ciphers in the server's order"),
  "tls-session-caching": unused(bool, "yes", "Let TLS clients resume sessions"),
  "tls-session-cache-size": unused(count, "20480", "How many TLS sessions are kept; 0 for no limit"),
  "tls-session-cache-timeout": unused(count, "300", "Seconds a TLS session is kept"),
} as const;
