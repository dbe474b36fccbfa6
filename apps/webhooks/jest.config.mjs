import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'webhooks', rootDir: import.meta.dirname };
