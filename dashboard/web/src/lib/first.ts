/** Answers that public/first.js asked for before the app was there. */

declare global {
  interface Window {
    firstAnswers?: Map<string, Promise<Response>>
  }
}

// The app has begun and asks for itself: should the script come only now, it has nothing to do.
if (typeof window !== 'undefined') window.firstAnswers ??= new Map()

/** So long after the page began they still tell how things are, in ms. */
const goodFor = 30_000

/** As `fetch`, but each of those answers goes to the first who asks for it, unless it is a failure: then it is asked anew. */
export function fetchOrFirst(address: string, init?: RequestInit): Promise<Response> {
  const answer = window.firstAnswers?.get(address)
  if (!answer || performance.now() > goodFor) return fetch(address, init)
  window.firstAnswers?.delete(address)
  const anew = () => fetch(address, init)
  return answer.then((response) => (response.ok ? response : anew()), anew)
}
