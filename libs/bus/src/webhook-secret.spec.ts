import { webhookSecret, webhookSignature } from './webhook-secret.js';

const secret = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';

describe('the secret of a webhook', () => {
  it('is the same whoever derives it, and another for each webhook, version and installation', () => {
    const one = webhookSecret(secret, 'a', 1);
    expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhookSecret(secret, 'a', 1)).toBe(one);
    const others = [
      webhookSecret(secret, 'b', 1),
      webhookSecret(secret, 'a', 2),
      webhookSecret(`B${secret.slice(1)}`, 'a', 1),
    ];
    expect(new Set([one, ...others]).size).toBe(4);
  });

  it('signs as the example of Standard Webhooks says', () =>
    expect(
      webhookSignature('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
        messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        seconds: 1_614_265_330,
        body: '{"test": 2432232314}',
      }),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='));
});
