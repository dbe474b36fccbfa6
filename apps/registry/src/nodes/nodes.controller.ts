import type { Call } from '@muster/bus';
import {
  ActivateNode,
  ChangeNode,
  type Changed,
  DeactivateNode,
  type NodeEvent,
  PinCertificate,
  RegisterNode,
  RemoveNode,
  type RequestOf,
} from '@muster/contracts';
import type { Handled } from '@muster/event-store';
import { Answers, Clock } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import type * as z from 'zod/mini';
import { metaOf } from '../meta.js';
import { Nodes } from './nodes.js';

type Reply = Promise<z.infer<typeof Changed>>;

/** How orders about nodes reach the decision. */
@Controller()
export class NodesController {
  constructor(
    @Inject(Nodes) private readonly nodes: Nodes,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(RegisterNode)
  register({ fingerprint, ...node }: RequestOf<typeof RegisterNode>, { caller, signal }: Call): Reply {
    const at = this.clock.now();
    return versionOf(
      this.nodes.obeyAfterLook(
        { nodeId: node.nodeId, meta: metaOf(caller) },
        { address: node, fingerprint },
        (certificate) => ({ type: 'register', ...node, certificate, at }),
        { signal },
      ),
    );
  }

  @Answers(ChangeNode)
  change({ nodeId, name, address, expectedVersion }: RequestOf<typeof ChangeNode>, { caller, signal }: Call): Reply {
    const at = this.clock.now();
    const meta = metaOf(caller);
    if (address === undefined)
      return versionOf(this.nodes.obey({ type: 'change', nodeId, name, at }, meta, { expectedVersion }));
    const { host, port, fingerprint } = address;
    return versionOf(
      this.nodes.obeyAfterLook(
        { nodeId, meta },
        { address, fingerprint },
        (certificate) => ({ type: 'change', nodeId, name, address: { host, port, certificate }, at }),
        { expectedVersion, signal },
      ),
    );
  }

  @Answers(ActivateNode)
  activate({ nodeId, expectedVersion }: RequestOf<typeof ActivateNode>, { caller }: Call): Reply {
    return versionOf(
      this.nodes.obey({ type: 'activate', nodeId, at: this.clock.now() }, metaOf(caller), { expectedVersion }),
    );
  }

  @Answers(DeactivateNode)
  deactivate({ nodeId, expectedVersion }: RequestOf<typeof DeactivateNode>, { caller }: Call): Reply {
    return versionOf(
      this.nodes.obey({ type: 'deactivate', nodeId, at: this.clock.now() }, metaOf(caller), { expectedVersion }),
    );
  }

  @Answers(PinCertificate)
  pin({ nodeId, fingerprint, expectedVersion }: RequestOf<typeof PinCertificate>, { caller, signal }: Call): Reply {
    const at = this.clock.now();
    return versionOf(
      this.nodes.obeyAfterLook(
        { nodeId, meta: metaOf(caller) },
        { fingerprint },
        (certificate) => ({ type: 'pin', nodeId, certificate, at }),
        { expectedVersion, signal },
      ),
    );
  }

  @Answers(RemoveNode)
  remove({ nodeId, expectedVersion }: RequestOf<typeof RemoveNode>, { caller }: Call): Reply {
    return versionOf(
      this.nodes.obey({ type: 'remove', nodeId, at: this.clock.now() }, metaOf(caller), { expectedVersion }),
    );
  }
}

const versionOf = async (handled: Promise<Handled<NodeEvent>>): Reply => ({ version: (await handled).version });
