/**
 * The objects of install/kubernetes: what one says of another is there, no secret is an argument or a variable, and each keeps to the schema
 * of Kubernetes (`npm ci --prefix test/install/schemas` brings it). kubernetes-sentinel.test.ts runs what they describe.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "install/kubernetes");
const MODELS = join(import.meta.dirname, "schemas/node_modules/kubernetes-models");

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}
interface Named {
  readonly name: string;
}
interface Probe {
  readonly exec: { readonly command: readonly string[] };
}
interface PodContainer extends Named {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly (Named & { readonly value?: string; readonly valueFrom?: { readonly fieldRef?: unknown } })[];
  readonly ports: readonly Named[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: Probe };
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: unknown;
  readonly volumeMounts: readonly (Named & { readonly mountPath: string })[];
}
interface PodTemplate {
  readonly metadata: Metadata;
  readonly spec: {
    readonly securityContext: unknown;
    readonly containers: readonly [PodContainer];
    readonly volumes: readonly (Named & { readonly configMap?: Named; readonly secret?: { readonly secretName: string } })[];
  };
}
interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: {
    readonly selector: unknown;
    readonly serviceName: string;
    readonly ports: readonly { readonly targetPort: string }[];
    readonly template: PodTemplate;
    readonly volumeClaimTemplates: readonly { readonly metadata: Named }[];
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly ingress: readonly {
      readonly ports: readonly { readonly port: string }[];
      readonly from: readonly { readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> } }[];
    }[];
  };
}

const kustomization = Bun.YAML.parse(readFileSync(join(FOLDER, "kustomization.yaml"), "utf8")) as {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
};
const read = (file: string): Resource[] => {
  const parsed = Bun.YAML.parse(readFileSync(join(FOLDER, file), "utf8"));
  return (Array.isArray(parsed) ? parsed : [parsed]) as Resource[];
};
const objects = kustomization.resources.flatMap(read);
const ofKind = (kind: string): Resource[] => objects.filter((each) => each.kind === kind);
const sets = ofKind("StatefulSet");
const [{ name: mapName, files: mapFiles }] = kustomization.configMapGenerator;
const inMap = mapFiles.map((file) => file.split("/").at(-1) ?? "");

test("every file is part of the set", () => {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(FOLDER.length + 1));
  expect(paths.toSorted()).toEqual(["kustomization.yaml", ...kustomization.resources, ...mapFiles].toSorted());
  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual(
    ["NetworkPolicy", "PodDisruptionBudget", "Service", "StatefulSet"].flatMap((kind) => [`${kind} replicant`, `${kind} sentinel`]),
  );
});

describe.each(sets.map((set) => [set.metadata.name, set] as const))("the set %s", (name, set) => {
  const { spec: pod, metadata } = set.spec.template;
  const [container] = pod.containers;
  const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe, container.lifecycle?.preStop];
  const commands = [container.command, ...probes.flatMap((probe) => (probe === undefined ? [] : [probe.exec.command]))];
  const mounts = new Map(container.volumeMounts.map((mount) => [mount.name, mount.mountPath]));

  test("is what its service, its budget and its policy select", () => {
    const labels = { matchLabels: metadata.labels };
    expect(set.spec.selector).toEqual(labels);
    expect(ofKind("Service").find((each) => each.metadata.name === set.spec.serviceName)?.spec.selector).toEqual(metadata.labels);
    expect(ofKind("PodDisruptionBudget").find((each) => each.metadata.name === name)?.spec.selector).toEqual(labels);
    const policy = ofKind("NetworkPolicy").find((each) => each.metadata.name === name);
    expect(policy?.spec.podSelector).toEqual({ matchLabels: metadata.labels ?? {} });
    const ports = container.ports.map((port) => port.name);
    expect(policy?.spec.ingress.flatMap((rule) => rule.ports.map(({ port }) => port))).toEqual(ports);
    expect(
      ofKind("Service")
        .find((each) => each.metadata.name === name)
        ?.spec.ports.map((port) => port.targetPort),
    ).toEqual(ports);
    const callers = policy?.spec.ingress.flatMap((rule) => rule.from.map(({ podSelector }) => podSelector.matchLabels));
    expect(callers).toEqual([{ app: "replicant" }, { app: "sentinel" }, { "replicant-client": "true" }]);
  });

  test("mounts what there is, and runs scripts that are mounted", () => {
    const volumes = [...pod.volumes.map((volume) => volume.name), ...set.spec.volumeClaimTemplates.map((claim) => claim.metadata.name)];
    expect([...mounts.keys()].toSorted()).toEqual(volumes.toSorted());
    expect(pod.volumes.find((volume) => volume.name === "config")?.configMap?.name).toBe(mapName);
    for (const path of commands.flat().filter((word) => word.startsWith(String(mounts.get("config"))))) {
      expect(inMap).toContain(path.split("/").at(-1) ?? "");
    }
    const common = readFileSync(join(FOLDER, "scripts/common.sh"), "utf8");
    expect(common).toContain(`CONFIG=${mounts.get("config")}\n`);
    expect(common).toContain(`PASSWORD=${mounts.get("password")}/password\n`);
  });

  test("has no secret in arguments or variables, no root and no latest image", () => {
    for (const { value, valueFrom } of container.env)
      expect({ value, field: valueFrom?.fieldRef }).toEqual({ value: undefined, field: expect.anything() });
    for (const word of commands.flat()) expect(word).not.toMatch(/^(-a|--pass|--requirepass|--masterauth)$/);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: "RuntimeDefault" } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const tag = kustomization.images.find((image) => image.name === container.image)?.newTag ?? container.image.split(":")[1];
    expect(tag).toMatch(/^\d/);
  });
});

test("memory that the container may have is 1.5 times maxmemory", () => {
  const [, maxmemory] = /^maxmemory (\d+)gb$/m.exec(readFileSync(join(FOLDER, "config/replicant.conf"), "utf8")) ?? [];
  const [replicant] = sets;
  expect(replicant.spec.template.spec.containers[0].resources.limits.memory).toBe(`${Number(maxmemory) * 1536}Mi`);
});

test.each(mapFiles.filter((file) => file.endsWith(".sh")))("a shell can read %s", (file) => {
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-n", join(FOLDER, file)]);
  expect({ exitCode, said: stderr.toString() }).toEqual({ exitCode: 0, said: "" });
});

describe.skipIf(!existsSync(MODELS))("Kubernetes's schemas (skipped without them: npm ci --prefix test/install/schemas)", () => {
  /** What is wrong with an object, "" if nothing. */
  async function fault({ apiVersion, kind, ...rest }: Resource): Promise<string> {
    const models = await import(join(MODELS, apiVersion, `${kind}.js`));
    try {
      new models[kind]({ apiVersion, kind, ...rest }).validate();
      return "";
    } catch (error) {
      return String(error);
    }
  }

  test.each(objects.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))(
    "have nothing against the %s",
    async (_, object) => {
      expect(await fault(object)).toBe("");
    },
  );

  test("would say so", async () => {
    const [set] = sets;
    const broken = structuredClone(set) as unknown as { spec: { replicas: unknown } };
    broken.spec.replicas = "three";
    expect(await fault(broken as unknown as Resource)).toContain("replicas");
  });

  /** What the compiler says of objects: it knows which fields there are. The schemas let others pass. */
  function unknownFields(of: readonly Resource[]): string {
    const folder = mkdtempSync(join(tmpdir(), "replicant-schemas-"));
    try {
      symlinkSync(join(MODELS, ".."), join(folder, "node_modules"));
      const lines = of.map((each, index) => {
        const type = `import("kubernetes-models/${each.apiVersion}/${each.kind}").I${each.kind}`;
        return `export const object${index}: ${type} = ${JSON.stringify(each, null, 1)};\n`;
      });
      writeFileSync(join(folder, "objects.ts"), lines.join(""));
      const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "preserve"];
      const { stdout } = Bun.spawnSync([join(ROOT, "node_modules/.bin/tsc"), ...options, "objects.ts"], { cwd: folder });
      return stdout.toString();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test("know every field", () => {
    expect(unknownFields(objects)).toBe("");
    const [set] = sets;
    expect(unknownFields([{ ...set, spec: { ...set.spec, serviceNames: "x" } } as Resource])).toContain("serviceNames");
  });
});

describe.skipIf(Bun.which("kubectl") === null)("kubectl kustomize (skipped without kubectl)", () => {
  test("puts the same objects together, in their namespace, with the ConfigMap and the image that is named", () => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["kubectl", "kustomize", FOLDER]);
    expect({ exitCode, said: exitCode === 0 ? "" : stderr.toString() }).toEqual({ exitCode: 0, said: "" });
    const made = Bun.YAML.parse(stdout.toString()) as (Resource & { readonly data?: Record<string, string> })[];
    expect(made.length).toBe(objects.length + 1);
    expect(made.every(({ metadata }) => metadata.namespace === "replicant")).toBe(true);
    const map = made.find(({ kind }) => kind === "ConfigMap");
    expect(Object.keys(map?.data ?? {}).toSorted()).toEqual(inMap.toSorted());
    const set = made.find(({ kind, metadata }) => kind === "StatefulSet" && metadata.name === "replicant")?.spec.template.spec;
    expect(set?.containers[0].image).toMatch(/^registry\.example\/replicant:\d/);
    expect(set?.volumes.find(({ name }) => name === "config")?.configMap?.name).toBe(String(map?.metadata.name));
  });
});
