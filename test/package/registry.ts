/**
 * An npm registry for one scope, of packed files: what `@replicant:registry=` of an .npmrc names. So npm and Bun themselves choose the
 * package of a platform, and no one asks a registry of the world for ours.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";

/** A package that is offered; without `file` it can be chosen, but not be fetched. */
export interface Offered {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly file: string | null;
}

/** A registry that listens. */
export interface Registry extends Disposable {
  readonly url: string;
}

export async function startRegistry(packages: readonly Offered[]): Promise<Registry> {
  const sums = new Map<string, string>();
  for (const { file } of packages) {
    if (file !== null)
      sums.set(
        file,
        createHash("sha512")
          .update(await Bun.file(file).bytes())
          .digest("base64"),
      );
  }
  const server: Bun.Server<undefined> = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request): Response {
      const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
      const found = packages.find(({ manifest }) => path === manifest.name);
      if (found !== undefined) return Response.json(describe(found));
      const fetched = packages.find(({ manifest, file }) => file !== null && path === `${manifest.name}/-/${basename(file)}`);
      return fetched?.file == null ? new Response("{}", { status: 404 }) : new Response(Bun.file(fetched.file));
    },
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const describe = ({ manifest, file }: Offered): object => {
    const { name, version } = manifest;
    const tarball = `${url}${name}/-/${basename(file ?? "missing.tgz")}`;
    const integrity = file === null ? {} : { integrity: `sha512-${sums.get(file)}` };
    return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist: { tarball, ...integrity } } } };
  };
  return { url, [Symbol.dispose]: () => void server.stop(true) };
}
