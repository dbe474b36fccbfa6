const manners =
  'able agile amber brave brisk calm clear deft fair fleet gentle keen light lively lucky mild neat plain quick quiet ready sharp sound spry steady still sunny sure swift true warm wise'.split(
    ' ',
  );
const animals =
  'badger bear beaver crane crow deer dove eagle elk falcon finch fox hare hawk heron ibex jay kite lark lynx marten mole moose newt otter owl pike raven robin seal stork swan tern trout vole wren'.split(
    ' ',
  );

const pick = (words: readonly string[], chance: number): string => words[Math.floor(chance * words.length)] ?? '';

/**
 * A friendly name that no node has yet, as in "brisk-otter". `random` gives numbers from 0 up to 1. Should all tries hit a
 * taken name, a number makes the last one new.
 */
export function suggestName(taken: ReadonlySet<string>, random: () => number): string {
  let name = '';
  for (let tries = 0; tries < 20; tries += 1) {
    name = `${pick(manners, random())}-${pick(animals, random())}`;
    if (!taken.has(name)) return name;
  }
  let number = 2;
  while (taken.has(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}
