import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'stats', rootDir: import.meta.dirname };
