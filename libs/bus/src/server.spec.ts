import { refuseUnfitServer } from './server.js';

const fit = { version: '2.9.10', headers: true, jetstream: true };

describe('the server', () => {
  it.each(['2.9.10', '2.9.25', '2.10.0', '2.11.1-RC.1', '3.0.0'])('of version %s is taken', (version) => {
    refuseUnfitServer({ ...fit, version });
  });

  it.each(['2.9.9', '2.8.4', '1.4.0', '2.9', 'unknown'])('of version %s is refused', (version) => {
    expect(() => refuseUnfitServer({ ...fit, version })).toThrow(`version ${version}; 2.9.10 or newer is needed`);
  });

  it('without JetStream, headers or a word about itself is refused, each with what to do', () => {
    expect(() => refuseUnfitServer({ ...fit, jetstream: false })).toThrow('start it with --jetstream');
    expect(() => refuseUnfitServer({ ...fit, headers: false })).toThrow('allow them in its configuration');
    expect(() => refuseUnfitServer(undefined)).toThrow('did not say what it is');
  });
});
