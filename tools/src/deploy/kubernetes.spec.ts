import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DaemonSet, Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, PersistentVolumeClaim, Secret, Service } from 'kubernetes-models/v1';
import * as z from 'zod';
import { Compose, documentsOf, Kustomization, type Manifest, readManifests, readYaml, Workload } from './manifests.js';
import { unread } from './unread.js';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'deploy/kubernetes');
const documents = readManifests(folder);
const named = documents.map(
  ({ file, manifest }) => [`${manifest.kind} ${manifest.metadata.name} (${file})`, manifest] as const,
);
const all = documents.map(({ manifest }) => manifest);
const ofKind = (kind: string): Manifest[] => all.filter((manifest) => manifest.kind === kind);
const workloads = all
  .filter(({ kind }) => /^(Deployment|StatefulSet|DaemonSet)$/.test(kind))
  .map((each) => Workload.parse(each));
const containers = workloads.map((workload) => {
  const [container, ...more] = workload.spec.template.spec.containers;
  if (container === undefined || more.length > 0) throw new Error(`${workload.metadata.name} has not one container`);
  return [workload.metadata.name, container, workload] as const;
});

const models = {
  'v1 Namespace': Namespace,
  'v1 ConfigMap': ConfigMap,
  'v1 Secret': Secret,
  'v1 Service': Service,
  'v1 PersistentVolumeClaim': PersistentVolumeClaim,
  'apps/v1 Deployment': Deployment,
  'apps/v1 StatefulSet': StatefulSet,
  'apps/v1 DaemonSet': DaemonSet,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'networking.k8s.io/v1 Ingress': Ingress,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
};

/** Throws what the schema of the document's kind finds, and returns what that schema does not know. */
function checked(manifest: Manifest): string[] {
  const Model = models[`${manifest.apiVersion} ${manifest.kind}` as keyof typeof models];
  if (Model === undefined) throw new Error(`No schema for ${manifest.apiVersion} ${manifest.kind}`);
  return unread(new Model(manifest as never), (watched) => {
    Model.prototype.validate.call(watched as never);
  });
}

const labelsMatch = (selector: Record<string, string>, labels: Record<string, string>): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

describe('the manifests for Kubernetes', () => {
  it.each(named)('%s fits the schema of its kind and has nothing that the schema does not know', (_, manifest) => {
    expect(checked(manifest)).toEqual([]);
  });

  it('would be found wrong with a field of another type, one that is missing, and one that nobody knows', () => {
    const deployment = (spec: object) =>
      documentsOf(
        JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec }),
      )[0] as Manifest;
    const template = {
      metadata: { labels: { app: 'x' } },
      spec: { containers: [{ name: 'x', image: 'x', imge: 'y' }] },
    };
    const selector = { matchLabels: { app: 'x' } };
    expect(() => checked(deployment({ selector, template, replicas: 'two' }))).toThrow('replicas');
    expect(() => checked(deployment({ template }))).toThrow('selector');
    expect(checked(deployment({ selector, template }))).toEqual(['/spec/template/spec/containers/0/imge']);
  });

  it('are listed for kustomize, all but the examples, with images of this version', () => {
    const { resources, images } = readYaml(Kustomization, join(root, 'deploy/kustomization.yaml'));
    const files = new Set(documents.map(({ file }) => file));
    expect([...resources].sort()).toEqual(
      [...files]
        .filter((file) => !file.includes('.example.'))
        .map((file) => `kubernetes/${file}`)
        .sort(),
    );
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const used = containers.filter(([name]) => name !== 'node').map(([, { image }]) => image);
    expect(images.map(({ name }) => name).sort()).toEqual(used.filter((image) => image.startsWith('muster/')).sort());
    expect(new Set(images.map(({ newTag }) => newTag))).toEqual(new Set([version]));
  });

  it('have the services of docker-compose.yml, by the same names and images, each a target of the Dockerfile', () => {
    const { services } = readYaml(Compose, join(root, 'docker-compose.yml'));
    const targets = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM \S+ AS (\S+)$/gim)].map(
      ([, name]) => name,
    );
    const built = Object.entries(services).filter(([, { build }]) => build !== undefined);
    expect(built.length).toBeGreaterThan(5);
    for (const [name, { build }] of built) {
      const [, container] = containers.find(([each]) => each === name) ?? [];
      expect([name, container?.image]).toEqual([name, `muster/${name}`]);
      expect(targets).toContain(build?.target);
    }
  });

  it.each(containers)(
    '%s: probes and services name ports that it has, selectors its labels, mounts its volumes',
    (_, container, workload) => {
      const { labels } = workload.spec.template.metadata;
      expect(labelsMatch(workload.spec.selector.matchLabels, labels)).toBe(true);
      const ports = container.ports.map(({ name }) => name);
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
      const probed = probes.flatMap((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? []);
      expect(ports).toEqual(expect.arrayContaining(probed));
      const volumes = [
        ...workload.spec.template.spec.volumes.map(({ name }) => name),
        ...workload.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name),
      ];
      expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual([...volumes].sort());
    },
  );

  it('lead every service, budget, ingress and policy to something that is there', () => {
    const Selecting = z.looseObject({
      selector: z.record(z.string(), z.unknown()),
      ports: z._default(z.array(z.object({ targetPort: z.string() })), []),
    });
    const pods = workloads.map(({ spec }) => spec.template);
    for (const service of ofKind('Service')) {
      const { selector, ports } = Selecting.parse(service['spec']);
      const [pod, ...more] = pods.filter(({ metadata }) =>
        labelsMatch(selector as Record<string, string>, metadata.labels),
      );
      expect([service.metadata.name, pod === undefined, more.length]).toEqual([service.metadata.name, false, 0]);
      const open = pod?.spec.containers.flatMap((each) => each.ports.map(({ name }) => name));
      for (const { targetPort } of ports) expect(open).toContain(targetPort);
    }
    const apps = pods.map(({ metadata }) => metadata.labels['app']);
    const told = JSON.stringify([...ofKind('PodDisruptionBudget'), ...ofKind('NetworkPolicy')]);
    const meant = [
      ...[...told.matchAll(/"app":"([^"]+)"/g)].map(([, app]) => app),
      ...[...told.matchAll(/"values":(\[[^\]]*\])/g)].flatMap(([, values]) => JSON.parse(values ?? '[]') as string[]),
    ];
    expect(meant.length).toBeGreaterThan(10);
    expect(apps).toEqual(expect.arrayContaining([...new Set(meant)]));
    const backends = [...JSON.stringify(ofKind('Ingress')).matchAll(/"service":\{"name":"([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(ofKind('Service').map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(backends));
  });

  it.each(containers)(
    '%s runs without rights: no root, nothing to write to but its volumes, no capability',
    (_, container, workload) => {
      expect(workload.spec.template.spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toMatchObject({ requests: { cpu: expect.any(String), memory: expect.any(String) } });
    },
  );

  it('ask each service whether it lives and is ready, and give it the time that another may migrate for', () => {
    for (const [name, container] of containers.filter(([each]) => isOurs(each))) {
      expect([name, container.livenessProbe?.httpGet?.path, container.readinessProbe.httpGet?.path]).toEqual([
        name,
        '/health/live',
        '/health/ready',
      ]);
      const { periodSeconds, failureThreshold } = container.startupProbe ?? container.readinessProbe;
      expect(periodSeconds * failureThreshold).toBeGreaterThan(300);
    }
  });

  it('keep the secret empty and tell nothing of it: what is secret comes by reference', () => {
    const [secret] = ofKind('Secret');
    const { stringData } = z.looseObject({ stringData: z.record(z.string(), z.string()) }).parse(secret);
    expect(Object.values(stringData).filter((value) => value !== '')).toEqual([]);
    for (const [name, container] of containers.filter(([each]) => each !== 'node'))
      for (const variable of container.env) {
        const { secretKeyRef, configMapKeyRef } = variable.valueFrom ?? {};
        if (secretKeyRef !== undefined)
          expect([name, Object.keys(stringData)]).toEqual([name, expect.arrayContaining([secretKeyRef.key])]);
        if (configMapKeyRef !== undefined) expect(keysOfConfigMap(configMapKeyRef.name)).toContain(configMapKeyRef.key);
        if (variable.value !== undefined && variable.name in stringData)
          throw new Error(`${name} names ${variable.name} in clear`);
      }
  });

  it('configure the bus by the files of docker-compose.yml, with every variable that these name', () => {
    const { configMapGenerator } = readYaml(Kustomization, join(root, 'deploy/kustomization.yaml'));
    const [generated] = configMapGenerator;
    expect(configMapGenerator.map(({ name }) => name)).toEqual(['nats']);
    const { services } = readYaml(Compose, join(root, 'docker-compose.yml'));
    const mounted = JSON.stringify(services['nats']);
    for (const file of generated?.files ?? []) {
      const [name, from] = file.split('=');
      expect(mounted).toContain(`./deploy/${from}:/etc/nats/${name}:ro`);
    }
    const [, nats] = containers.find(([name]) => name === 'nats') ?? [];
    const named = [...readFileSync(join(root, 'deploy/nats.conf'), 'utf8').matchAll(/password: \$([A-Z_]+)/g)].map(
      ([, name]) => name,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(nats?.env.map(({ name }) => name)).toEqual(expect.arrayContaining([...new Set(named)]));
    expect(nats?.volumeMounts).toContainEqual({ name: 'config', mountPath: '/etc/nats', readOnly: true });
  });

  it('let only services reach the database and the bus: those that are given their address', () => {
    const given = (variable: string) =>
      containers
        .filter(([name, { env }]) => isOurs(name) && env.some((each) => each.name === variable))
        .map(([name]) => name);
    expect(admittedTo('postgres').sort()).toEqual(given('DATABASE_URL').sort());
    expect(admittedTo('nats').sort()).toEqual(given('NATS_URL').sort());
  });
});

const isOurs = (name: string): boolean => !['postgres', 'nats', 'node'].includes(name);

function keysOfConfigMap(name: string): string[] {
  const found = ofKind('ConfigMap').find(({ metadata }) => metadata.name === name);
  return Object.keys(z.looseObject({ data: z.record(z.string(), z.string()) }).parse(found).data);
}

function admittedTo(app: string): string[] {
  const From = z.object({
    podSelector: z.object({ matchExpressions: z.tuple([z.object({ values: z.array(z.string()) })]) }),
  });
  const policy = ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === app);
  const { ingress } = z
    .looseObject({ ingress: z.array(z.looseObject({ from: z.array(From) })) })
    .parse(policy?.['spec']);
  return ingress.flatMap(({ from }) => from.flatMap(({ podSelector }) => podSelector.matchExpressions[0].values));
}
