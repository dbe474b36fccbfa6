import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Certificate } from '@muster/contracts';
import { fingerprintOf, makeCertificate } from './certificate.js';

describe("a node's certificate", () => {
  it('is signed by itself, with a key that is its own, and fits what the fleet pins', async () => {
    const { keyPem, certPem, fingerprint } = await makeCertificate({ hostname: 'gpu-04.lab' });
    const certificate = new X509Certificate(certPem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
    expect(certificate.subject).toBe('CN=gpu-04.lab');
    expect(fingerprintOf(certPem)).toBe(fingerprint);
    expect(Certificate.safeParse({ fingerprint, pem: certPem }).success).toBe(true);
  });

  it('is valid whatever a clock says', async () => {
    const { certPem } = await makeCertificate({ hostname: 'x' });
    const { validFrom, validTo } = new X509Certificate(certPem);
    expect(new Date(validFrom).getUTCFullYear()).toBe(2000);
    expect(new Date(validTo).getUTCFullYear()).toBe(9999);
  });

  it('is another one each time, also for a name that is long, empty or odd', async () => {
    const names = ['a'.repeat(200), '', 'ü, CN=evil'];
    const made = await Promise.all(names.map((hostname) => makeCertificate({ hostname })));
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(new X509Certificate(made[1]?.certPem ?? '').subject).toBe('CN=muster-node');
  });
});
