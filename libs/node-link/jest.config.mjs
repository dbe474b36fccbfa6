import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'node-link', rootDir: import.meta.dirname };
