import { setupZonelessTestEnv } from 'jest-preset-angular/setup-env/zoneless/index.js';

setupZonelessTestEnv();

// jsdom has no layout, and so no media to match; uPlot asks for them as it is loaded.
window.matchMedia ??= (media) =>
  ({
    ...{ matches: false, media, onchange: null, dispatchEvent: () => false },
    ...{ addListener: () => undefined, removeListener: () => undefined },
    ...{ addEventListener: () => undefined, removeEventListener: () => undefined },
  }) as MediaQueryList;
