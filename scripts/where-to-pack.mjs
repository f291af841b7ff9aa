/**
 * Runs before `npm pack` and `npm publish` in this folder, and ends them: what is published is JavaScript with declarations, and names packages
 * that only their publishing makes, so it has a folder of its own.
 */
console.error("The package is not this folder. It is made by");
console.error("    npm run build -- --package           (with --all: the executables of every platform too)");
console.error("and packed, or published, from dist/npm:");
console.error("    npm pack ./dist/npm/replicant ./dist/npm/linux-x64");
process.exit(1);
