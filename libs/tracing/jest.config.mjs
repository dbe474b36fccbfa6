import preset from '../../jest.preset.mjs';

export default { ...preset, displayName: 'tracing', rootDir: import.meta.dirname };
