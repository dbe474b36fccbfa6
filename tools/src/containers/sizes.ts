/** What one image weighs, and of that its base. Bytes. */
export interface ImageSize {
  readonly name: string;
  readonly bytes: number;
  readonly baseBytes: number;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** A table in Markdown: the images in alphabetical order, in MB of a million bytes. */
export const sizesTable = (sizes: readonly ImageSize[]): string =>
  [
    '| image | MB | of which its base |\n| --- | ---: | ---: |',
    ...[...sizes]
      .sort((one, other) => one.name.localeCompare(other.name))
      .map(({ name, bytes, baseBytes }) => `| ${name} | ${megabytes(bytes)} | ${megabytes(baseBytes)} |`),
  ].join('\n');
