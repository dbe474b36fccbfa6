import { createPrivateKey, X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeCertificate, type OwnCertificate } from '@muster/node-link';
import { readIfThere, writePrivately } from './own-files.js';
import { exitCodes, StartFailure } from './start-failure.js';

/**
 * The node's certificate: the one in its data folder, or a new one at its first start. Never replaced by itself, because
 * Gateways have pinned it; whoever wants another deletes both files.
 */
export async function ownCertificate(folder: string): Promise<OwnCertificate & { isNew: boolean }> {
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'certificate.pem');
  const certPem = readIfThere(certFile);
  if (certPem === undefined) {
    // A key without a certificate is a first start that did not end: nobody has seen it.
    const made = await makeCertificate({ hostname: hostname() });
    writePrivately(keyFile, made.keyPem);
    writePrivately(certFile, made.certPem);
    return { ...made, isNew: true };
  }
  const keyPem = readIfThere(keyFile);
  const fingerprint = fingerprintOfPair(certPem, keyPem);
  if (keyPem === undefined || fingerprint === undefined)
    throw new StartFailure(
      `${certFile} and ${keyFile} are not a certificate and its key. Restore them, or delete both: the node then makes new ` +
        'ones, and its certificate has to be accepted again in the console.',
      exitCodes.configuration,
    );
  return { certPem, keyPem, fingerprint, isNew: false };
}

function fingerprintOfPair(certPem: string, keyPem: string | undefined): string | undefined {
  try {
    const certificate = new X509Certificate(certPem);
    return keyPem !== undefined && certificate.checkPrivateKey(createPrivateKey(keyPem))
      ? certificate.fingerprint256
      : undefined;
  } catch {
    return undefined;
  }
}
