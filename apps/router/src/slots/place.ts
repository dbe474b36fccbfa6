/** Where a request can be served: one executor of one node, as the router knows it. */
export interface Place {
  /** `<nodeId>/<executorId>`: names it for ever. */
  readonly id: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly executorId: string;
  /** What requests ask for. */
  readonly model: string;
  readonly slots: number;
  /**
   * `ready`: takes requests. `spare`: takes them when no ready one has room, since it must be woken first or its link has
   * only just come back. `soon`: it starts, or its node is silent for the moment; requests wait for it. `away`: it serves nobody.
   */
  readonly state: 'ready' | 'spare' | 'soon' | 'away';
  /** Unloaded while nobody used it: the first token takes as long as loading does. */
  readonly asleep: boolean;
  readonly kind: 'chat' | 'embedding';
  /** Since when it is in this state, ISO 8601. */
  readonly since: string;
}
