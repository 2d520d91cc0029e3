/** The name of a model, an endpoint or a server as a link to its page. The range and the filters come along; the name itself is no filter there. */
import { Link } from '@tanstack/react-router'
import type { MouseEvent, ReactNode } from 'react'
import { elsewhere } from '../lib/elsewhere.ts'
import type { Search } from '../lib/search.ts'
import { segmentOf } from '../lib/segment.ts'
import { nameOf } from './page-context.tsx'

/** The search of a page of one model or endpoint. */
export const searchOfOne = (column: 'model' | 'endpoint') => (search: Search) => {
  const { [column]: _named, ...filters } = search.filters
  return elsewhere({ ...search, filters })
}
/** The search of a page of one server: filters of requests mean nothing there, and stay for the pages where they do. */
export const searchOfServer = (search: Search) => elsewhere(search)
const ofModel = searchOfOne('model')
const ofEndpoint = searchOfOne('endpoint')

/** In a row that opens something else, the link is only itself. */
const alone = { onClick: (event: MouseEvent) => event.stopPropagation() }

interface LinkProps {
  name: string
  children?: ReactNode
}

export function ModelLink({ name, children }: LinkProps) {
  return (
    <Link
      to="/models/$model"
      params={{ model: segmentOf(name) }}
      search={ofModel as never}
      className="name-link"
      {...alone}
    >
      {children ?? nameOf({ model: name, other: false })}
    </Link>
  )
}

export function EndpointLink({ name, children }: LinkProps) {
  return (
    <Link
      to="/endpoints/$endpoint"
      params={{ endpoint: segmentOf(name) }}
      search={ofEndpoint as never}
      className="name-link"
      {...alone}
    >
      {children ?? name}
    </Link>
  )
}

/** host:port of an inference server. */
export function ServerLink({ instance }: { instance: string }) {
  return (
    <Link
      to="/servers/$server"
      params={{ server: segmentOf(instance) }}
      search={searchOfServer as never}
      className="name-link mono"
      {...alone}
    >
      {instance}
    </Link>
  )
}

/** Of an alert: the model and the endpoint that it is about. */
export function LinksOf({ labels }: { labels: Record<string, string> }) {
  return (
    <>
      {labels['model'] !== undefined && <ModelLink name={labels['model']} />}
      {labels['endpoint'] !== undefined && <EndpointLink name={labels['endpoint']} />}
    </>
  )
}
