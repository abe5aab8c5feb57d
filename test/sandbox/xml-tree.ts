/** An element of an XML document without attributes that matter: its children, or its text. */
export interface Tree {
  name: string
  children: Tree[]
  text: string
}

export function treeOf(xml: string): Tree {
  const root: Tree = {name: '', children: [], text: ''}
  const open = [root]
  for (const [, closing, name, selfClosing, text] of xml.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>([^<]*)/g)) {
    if (closing) {
      if (open.pop()!.name !== name) throw new Error(`</${name}> closes nothing`)
      continue
    }

    const child: Tree = {name: name!, children: [], text: text!}
    open.at(-1)!.children.push(child)
    if (!selfClosing) open.push(child)
  }

  return root
}
