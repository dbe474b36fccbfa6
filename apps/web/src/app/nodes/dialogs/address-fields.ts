import { Component, input } from '@angular/core';
import { type FieldTree, type SchemaPathTree } from '@angular/forms/signals';
import { Host, Port } from '@muster/contracts';
import { Field } from '../../ui/field.js';
import { free, holds, readNumber } from '../../ui/rules.js';

/** A node's address as it is typed. */
export interface TypedAddress {
  host: string;
  port: string;
}

/** The same rules as the server's, before anything is sent. */
export function addressRules(
  path: SchemaPathTree<TypedAddress>,
  problemWith: (address: TypedAddress) => string | undefined,
): void {
  holds(path.host, Host);
  free(path.host, (host, { valueOf }) => problemWith({ host, port: valueOf(path.port) }));
  holds(path.port, Port, (text) => (text.trim() === '' ? undefined : readNumber(text)));
}

/** Host and port side by side, each with its own errors. */
@Component({
  selector: 'app-address-fields',
  imports: [Field],
  template: `
    <app-field name="host" label="Host" hint="A name or an IP address, as in gpu-04.lab" [of]="of().host" />
    <app-field name="port" label="Port" inputmode="numeric" [of]="of().port" />
  `,
  styles: `
    :host {
      display: grid;
      grid-template-columns: minmax(0, 1fr) 132px;
      gap: 12px;
    }
  `,
})
export class AddressFields {
  readonly of = input.required<FieldTree<TypedAddress>>();
}
