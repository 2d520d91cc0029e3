import { UserList } from '../panels/people/UserList.tsx'
import { Panels } from '../panels/Panels.tsx'
import '../styles/people.css'

/** Every end user of the range; a row leads to one of them. */
export default function Users() {
  return (
    <Panels>
      <UserList />
    </Panels>
  )
}
