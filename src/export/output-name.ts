/** What the output of an export is called. */
export function outputName(whole: boolean): string {
  return whole ? 'probabilities' : 'outputs';
}
