/** One reader. */
export interface FuzzParser {
  readonly name: string;
  /** Inputs of it for each 1,000 of a campaign. */
  readonly share: number;
  /** Name that a file must have. */
  readonly file: string;
  /** Whether any change must be refused, since a checksum covers all of the file. */
  readonly checksummed?: boolean;
  corpus(): Promise<Buffer[]>;
  read(file: string, bytes: Buffer): Promise<unknown>;
}
