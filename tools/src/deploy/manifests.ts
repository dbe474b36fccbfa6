import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';

/** One document of the manifests for Kubernetes, as far as every kind has it in common. */
export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
export type Manifest = z.infer<typeof Manifest>;

const KeyRef = z.object({ name: z.string(), key: z.string(), optional: z.optional(z.boolean()) });
const EnvVar = z.object({
  name: z.string(),
  value: z.optional(z.string()),
  valueFrom: z.optional(
    z.object({
      secretKeyRef: z.optional(KeyRef),
      configMapKeyRef: z.optional(KeyRef),
      fieldRef: z.optional(z.object({ fieldPath: z.string() })),
    }),
  ),
});
export type EnvVar = z.infer<typeof EnvVar>;

const Port = z.union([z.number(), z.string()]);
const Probe = z.object({
  periodSeconds: z._default(z.number(), 10),
  failureThreshold: z._default(z.number(), 3),
  httpGet: z.optional(z.object({ path: z.string(), port: Port })),
  tcpSocket: z.optional(z.object({ port: Port })),
});
const Labels = z.record(z.string(), z.string());

export const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z._default(z.array(EnvVar), []),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: z.optional(Probe),
  livenessProbe: z.optional(Probe),
  readinessProbe: Probe,
  securityContext: z.looseObject({}),
  resources: z.looseObject({}),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
});
export type Container = z.infer<typeof Container>;

/** What runs containers: Deployment, StatefulSet or DaemonSet. */
export const Workload = z.looseObject({
  kind: z.enum(['Deployment', 'StatefulSet', 'DaemonSet']),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    replicas: z.optional(z.number()),
    selector: z.object({ matchLabels: Labels }),
    template: z.looseObject({
      metadata: z.looseObject({ labels: Labels }),
      spec: z.looseObject({
        securityContext: z.looseObject({}),
        containers: z.array(Container),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
    volumeClaimTemplates: z._default(z.array(z.looseObject({ metadata: z.object({ name: z.string() }) })), []),
  }),
});
export type Workload = z.infer<typeof Workload>;

/** The documents of one file. */
export const documentsOf = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join('\n'));
    return Manifest.parse(document.toJS());
  });

/** Every document of every file in the folder, with the name of its file. */
export const readManifests = (folder: string): { file: string; manifest: Manifest }[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => documentsOf(readFileSync(join(folder, file), 'utf8')).map((manifest) => ({ file, manifest })));

export const Kustomization = z.object({
  namespace: z.string(),
  resources: z.array(z.string()),
  images: z.array(z.object({ name: z.string(), newTag: z.string() })),
  configMapGenerator: z.array(z.object({ name: z.string(), files: z.array(z.string()) })),
});

/** docker-compose.yml, as far as the manifests have the same shape. */
export const Compose = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.optional(z.string()),
      build: z.optional(z.looseObject({ target: z.optional(z.string()) })),
      environment: z._default(z.record(z.string(), z.unknown()), {}),
    }),
  ),
});

export const readYaml = <Schema extends z.ZodType>(schema: Schema, path: string): z.output<Schema> =>
  schema.parse(parse(readFileSync(path, 'utf8'), { merge: true }));
