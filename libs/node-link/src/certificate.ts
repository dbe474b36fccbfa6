import 'reflect-metadata';
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface OwnCertificate {
  /** PKCS #8, PEM. Secret. */
  readonly keyPem: string;
  readonly certPem: string;
  /** SHA-256 over the certificate, as 32 upper-case hex pairs with colons. */
  readonly fingerprint: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const pem = (label: string, der: ArrayBuffer): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
};

/**
 * A node's own self-signed certificate. It is trusted by its fingerprint and by nothing else, so it names the host only for
 * the reader, and it never ends: no clock, right or wrong, makes a node unreachable (RFC 5280 4.1.2.5 has the date for it).
 */
export async function makeCertificate({ hostname }: { hostname: string }): Promise<OwnCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  // A serial number is a positive integer (RFC 5280 4.1.2.2): the first bit stays clear.
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial.toString('hex'),
      name: [{ CN: [hostname.slice(0, 64) || 'muster-node'] }],
      notBefore: new Date('2000-01-01T00:00:00Z'),
      notAfter: new Date('9999-12-31T23:59:59Z'),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      ],
    },
    webcrypto,
  );
  const certPem = pem('CERTIFICATE', certificate.rawData);
  return {
    keyPem: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    certPem,
    fingerprint: fingerprintOf(certPem),
  };
}

/** The SHA-256 fingerprint of a certificate in PEM. Throws when it is none. */
export const fingerprintOf = (certPem: string): string => new X509Certificate(certPem).fingerprint256;
