import { Link } from '@tanstack/react-router'

export function NotFound() {
  return (
    <div className="blank">
      <h1>There is no such page</h1>
      <Link to="/">Overview</Link>
    </div>
  )
}
