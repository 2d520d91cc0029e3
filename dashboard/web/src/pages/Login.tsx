import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { read } from '../lib/api.ts'

const send = (key: string) =>
  read<{ ok: boolean }>(
    fetch('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key }),
    }),
  )

/** Asks for one of `dashboard.api_keys`; the server answers with a cookie. */
export function Login() {
  const [key, setKey] = useState('')
  const queries = useQueryClient()
  const login = useMutation({ mutationFn: send, onSuccess: () => queries.invalidateQueries() })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    login.mutate(key)
  }
  return (
    <main className="login">
      <form onSubmit={submit} className="popover-form">
        <h1>Inferwatch</h1>
        <label>
          Key
          <input
            type="password"
            autoComplete="current-password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        {login.error && (
          <p role="alert" className="failure-text">
            {login.error.message}
          </p>
        )}
        <Button type="submit" loading={login.isPending} disabled={key === ''}>
          Log in
        </Button>
      </form>
    </main>
  )
}
