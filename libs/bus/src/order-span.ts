/** `muster.ask.registry.rename-node` is `registry.rename-node`: a name of a closed list, never with an id in it. */
export const spanName = (subject: string): string => subject.replace(/^muster\.(?:ask|command)\./, '');

/** By OpenTelemetry's conventions for messaging, which are experimental. */
export const orderAttributes = (subject: string): Record<string, string> => ({
  'messaging.system': 'nats',
  'messaging.destination.name': subject,
});
