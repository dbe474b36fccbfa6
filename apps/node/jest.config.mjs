import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'node', rootDir: import.meta.dirname };
