import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'monitor', rootDir: import.meta.dirname };
