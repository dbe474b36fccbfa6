import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'web-e2e', rootDir: import.meta.dirname };
