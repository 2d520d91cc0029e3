// Asks what the overview shows first while the app is still on its way; lib/first.ts hands the answers on.
;(function () {
  var range = /^(?:\?range=([1-9]\d{0,3}[mh]|[1-9]\d?d))?$/.exec(location.search)
  // It is there when the app was quicker.
  if (location.pathname !== '/' || range === null || window.firstAnswers) return
  var query = '?range=' + (range[1] || '1h')
  var answers = new Map()
  function ask(address) {
    var answer = fetch(address)
    // Whoever takes it is told.
    answer.catch(function () {})
    answers.set(address, answer)
  }
  ;[
    '/api/status',
    '/api/overview/endpoints' + query,
    '/api/alerts',
    '/api/slos?explain=0',
    '/api/overview' + query,
    '/api/overview/fill' + query,
    '/api/changes' + query,
    '/api/overview/offenders' + query + '&by=model',
  ].forEach(ask)
  window.firstAnswers = answers
})()
