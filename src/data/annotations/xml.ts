/**
 * XML as a tree with line numbers. Strict: a document that is not well-formed is refused, and so is one with a document type:
 * entities of its own could expand without end or read other files.
 */
import sax from 'sax';
import { fileError } from '../../base/errors.js';

/** An element. */
export interface XmlElement {
  readonly name: string;
  /** Line of its start, from 1. */
  readonly line: number;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed. */
  readonly text: string;
}

/** Deepest nesting: annotations have 4 or 5 levels. */
const deepest = 64;

/**
 * Parses a document.
 *
 * @param file for errors.
 * @throws ConvoyError `CONVOY_DATA` naming the line.
 */
export function parseXml(text: string, file: string): XmlElement {
  const root: Open = { name: '', line: 0, children: [], text: '' };
  const open = [root];
  const parser = sax.parser(true, { position: true });
  const wrong = (expected: string, found: string): Error =>
    fileError('CONVOY_DATA', file, `line ${parser.line + 1}`, expected, found);
  parser.onerror = (error) => {
    throw wrong('well-formed XML', error.message.split('\n')[0] ?? 'damage');
  };
  parser.ondoctype = () => {
    throw wrong('XML without a document type', '<!DOCTYPE');
  };
  parser.onopentag = ({ name }) => {
    if (open.length > deepest) throw wrong(`at most ${deepest} levels of elements`, 'a deeper one');
    const element: Open = { name, line: parser.line + 1, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  };
  const addText = (part: string): void => {
    const element = open.at(-1) as Open;
    element.text += part;
  };
  parser.ontext = addText;
  parser.oncdata = addText;
  parser.onclosetag = () => {
    const element = open.pop() as Open;
    element.text = element.text.trim();
  };
  parser.write(text).close();
  const [element] = root.children;
  if (element === undefined) throw wrong('an element', 'none');
  return element;
}

interface Open {
  readonly name: string;
  readonly line: number;
  readonly children: Open[];
  text: string;
}

/** The first child of a name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** A child that must be there. @throws ConvoyError `CONVOY_DATA` naming the line. */
export function neededChild(element: XmlElement, name: string, file: string): XmlElement {
  const child = childOf(element, name);
  if (child !== undefined) return child;
  throw fileError('CONVOY_DATA', file, `line ${element.line}`, `<${name}> in <${element.name}>`, 'none');
}

/** The number in a child. @throws ConvoyError `CONVOY_DATA` naming the line. */
export function numberIn(element: XmlElement, name: string, file: string): number {
  const { text, line } = neededChild(element, name, file);
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw fileError('CONVOY_DATA', file, `line ${line}`, `a number in <${name}>`, JSON.stringify(text.slice(0, 40)));
}
