# Sourced by the findings that run Bun: installs 1.4.5 from the npm registry in a temporary folder that goes when the script ends, $work, and
# goes there. $bun is the executable.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir tool
npm install --no-audit --no-fund --ignore-scripts --prefix tool bun@1.4.5 >install.log 2>&1 || { cat install.log >&2; exit 1; }
(cd tool/node_modules/bun && node install.js) # puts the executable in its place: what the package's install script does
bun=$work/tool/node_modules/.bin/bun
[ "$("$bun" --version)" = 1.4.5 ]
