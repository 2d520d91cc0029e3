import { useParams } from '@tanstack/react-router'
import { nameIn } from '../lib/segment.ts'
import { ThingPage } from '../panels/traffic/ThingPage.tsx'

export default function Endpoint() {
  const { endpoint = '' } = useParams({ strict: false })
  return <ThingPage key={endpoint} by="endpoint" name={nameIn(endpoint)} />
}
