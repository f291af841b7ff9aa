/** The text of `replicant cli --help`. */

const USAGE = `Usage: replicant cli [OPTIONS] [COMMAND [ARGUMENT ...]]

Sends a command to a server and prints the reply. Without a command it reads commands: from a terminal with editing, completion and hints,
else line by line. It takes redis-cli's options and prints what redis-cli 7.2 prints.

The server
  -h HOST, -p PORT            where it is (127.0.0.1, 6379)
  -s SOCKET                   the path of a unix socket instead
  -u URI                      redis[s]://[[USER:]PASSWORD@][HOST[:PORT]][/DATABASE]
  -a PASSWORD, --pass ...     log in; better in the environment as REDISCLI_AUTH, where other users do not see it
  --user NAME                 log in as this user
  --askpass                   ask for the password
  --no-auth-warning           do not warn of passwords on the command line
  -n DATABASE                 select it
  -2, -3                      speak RESP2, RESP3
  -c                          follow -MOVED and -ASK of a cluster
  --tls                       connect over TLS
  --cacert FILE, --cacertdir DIRECTORY   who vouches for the server (else whom the system trusts)
  --cert FILE, --key FILE     our own certificate and its key
  --sni NAME                  the name to ask for
  --insecure                  take any certificate
  --tls-ciphers LIST          the ciphers of TLS 1.2

The command
  -r COUNT, -i SECONDS        send it so often (-1: without end), so far apart
  -x, -X TAG                  read the last argument, or the one that is TAG, from standard input
  --quoted-input              arguments are quoted: "null-\\x00-separated"
  -e                          end with 1 when the reply is an error
  --eval FILE KEY ... , ARGUMENT ...   run a script

The output
  --no-raw, --raw             for people (the default on a terminal), or bare
  --csv, --json, --quoted-json
  -d DELIMITER, -D DELIMITER  between the elements of a bare reply, and behind it (newlines)
  --show-pushes yes|no        whether pushes of RESP3 are printed (on a terminal)

Instead of a command
  --scan                      all keys; --pattern GLOB, --quoted-pattern WORD, --count COUNT, -i SECONDS between two SCANs
  --bigkeys                   the biggest keys of each type by elements
  --memkeys                   the same by memory; --memkeys-samples COUNT
  --hotkeys                   the keys used most (needs an LFU policy)
  --stat                      a line of figures every -i seconds
  --latency                   how long a PING takes; on a terminal with a chart of the last samples
  --latency-history           the same, a new line every 15 s (or -i)
  --latency-dist              a spectrum of it every second (or -i); --mono
  --intrinsic-latency SECONDS how long the system keeps a busy process waiting
  --lru-test KEYS             a cache with an 80-20 distribution, hits and misses
  --rdb FILE                  fetch a snapshot ("-": to standard output)
  --functions-rdb FILE        the same of the functions alone
  --replica                   show what a replica of the server receives
  --pipe                      send the protocol that standard input holds; --pipe-timeout SECONDS (30)

  --help, --version

Not here: the manager of clusters (--cluster) and the debugger of Lua (--ldb).
`;

export function usage(): string {
  return USAGE;
}
