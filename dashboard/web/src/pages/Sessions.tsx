import { SessionList } from '../panels/people/SessionList.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/people.css'

/** Every conversation of the range; a row leads to what was said in it. */
export default function Sessions() {
  return (
    <Panels>
      <SessionList />
    </Panels>
  )
}
