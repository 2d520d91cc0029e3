/** Reads the XML that `nvidia-smi -q -x` writes: elements, text and one attribute; no more of XML than that. */

export class XmlNode {
  readonly name: string
  readonly children: XmlNode[] = []
  text = ''

  constructor(name: string) {
    this.name = name
  }

  all(name: string): XmlNode[] {
    return this.children.filter((child) => child.name === name)
  }

  /** The text at a path of element names, joined by /; empty when there is none. */
  at(path: string): string {
    const [name, ...rest] = path.split('/')
    const child = this.children.find((candidate) => candidate.name === name)
    return (rest.length === 0 ? child?.text : child?.at(rest.join('/'))) ?? ''
  }
}

const token = /<(\/?)([A-Za-z_][\w.-]*)([^<>]*?)(\/?)>|<[?!][^>]*>|([^<]+)/y

/** The root element. Throws on anything else than elements that are closed in order, so that a cut answer is not half read. */
export function parseXml(text: string): XmlNode {
  const document = new XmlNode('')
  const open = [document]
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const from = token.lastIndex
    const match = token.exec(text)
    const node = open.at(-1)
    if (!match || !node) throw new Error(`unexpected text at offset ${from}`)
    const [, slash, name, , closed, words] = match
    if (words !== undefined) node.text += unescaped(words).trim()
    else if (name !== undefined && slash === '/') {
      if (node.name !== name) throw new Error(`</${name}> at offset ${from} closes <${node.name}>`)
      open.pop()
    } else if (name !== undefined) {
      const child = new XmlNode(name)
      node.children.push(child)
      if (closed !== '/') open.push(child)
    }
  }
  const [root, more] = document.children
  if (!root || more || open.length !== 1) throw new Error(`it ends inside <${open.at(-1)?.name ?? ''}>`)
  return root
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const unescaped = (text: string) =>
  text.replaceAll(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name] ?? '')
