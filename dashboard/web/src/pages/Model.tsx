import { useParams } from '@tanstack/react-router'
import { nameIn } from '../lib/segment.ts'
import { ThingPage } from '../panels/traffic/ThingPage.tsx'

export default function Model() {
  const { model = '' } = useParams({ strict: false })
  return <ThingPage key={model} by="model" name={nameIn(model)} />
}
