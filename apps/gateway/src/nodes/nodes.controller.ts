import { Controller } from '@nestjs/common';
import {
  ActivateNode,
  ChangeNode,
  type Changed,
  type FleetSnapshot,
  DeactivateNode,
  loadOf,
  PinCertificate,
  RegisterNode,
  RemoveNode,
  type NodeView,
  Refusal,
  routes,
  VerifyNode,
  type VerifyStep,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import type * as z from 'zod/mini';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';
import { NodeSamples } from '../metrics/node-samples.js';
import { FleetFeed } from '../fleet/fleet-feed.js';

type Done = Promise<z.output<typeof Changed>>;

@Controller()
export class NodesController {
  constructor(
    private readonly bus: Bus,
    private readonly fleet: FleetFeed,
    private readonly samples: NodeSamples,
  ) {}

  @Serves(routes.listNodes)
  async list(): Promise<{ nodes: NodeView[] }> {
    await this.fleet.ready();
    return { nodes: this.fleet.views() };
  }

  @Serves(routes.readNode)
  async read({ params }: CallTo<typeof routes.readNode>): Promise<NodeView> {
    await this.fleet.ready();
    const view = this.fleet.view(params.nodeId);
    if (view === undefined) throw new Refusal('node-unknown');
    return view;
  }

  @Serves(routes.readFleetNow)
  async readNow(): Promise<FleetSnapshot> {
    const [newest] = await Promise.all([this.samples.newest(), this.fleet.ready()]);
    const { gateway, nodes } = this.fleet.snapshot();
    const loads = nodes.flatMap(({ nodeId, link }) => {
      const measurement = link?.phase === 'up' ? newest(nodeId) : undefined;
      return measurement === undefined ? [] : [[nodeId, loadOf(measurement)] as const];
    });
    return { gateway, nodes, loads: Object.fromEntries(loads) };
  }

  @Serves(routes.verifyNode)
  verify({ body, caller, signal }: CallTo<typeof routes.verifyNode>): AsyncIterable<VerifyStep> {
    return this.bus.askStream(VerifyNode, body, caller, { signal });
  }

  @Serves(routes.registerNode)
  register({ body, caller }: CallTo<typeof routes.registerNode>): Done {
    return this.bus.ask(RegisterNode, { ...body, found: 'by-hand' }, caller);
  }

  @Serves(routes.changeNode)
  change({ params, body, caller, expectedVersion }: CallTo<typeof routes.changeNode>): Done {
    return this.bus.ask(ChangeNode, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.activateNode)
  activate({ params, caller, expectedVersion }: CallTo<typeof routes.activateNode>): Done {
    return this.bus.ask(ActivateNode, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.deactivateNode)
  deactivate({ params, caller, expectedVersion }: CallTo<typeof routes.deactivateNode>): Done {
    return this.bus.ask(DeactivateNode, { ...params, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.pinCertificate)
  pin({ params, body, caller, expectedVersion }: CallTo<typeof routes.pinCertificate>): Done {
    return this.bus.ask(PinCertificate, { ...params, ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.removeNode)
  remove({ params, caller, expectedVersion }: CallTo<typeof routes.removeNode>): Done {
    return this.bus.ask(RemoveNode, { ...params, ...expected(expectedVersion) }, caller);
  }
}
